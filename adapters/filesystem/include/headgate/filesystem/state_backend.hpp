#pragma once
// SPDX-License-Identifier: BSL-1.0
// filesystem: checkpoints in the folders of a directory, a model of `state_backend`.

#include <headgate/concepts/held_completion.hpp>
#include <headgate/concepts/state_backend.hpp>
#include <headgate/filesystem/path.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>

namespace headgate::inline v1::filesystem {

struct options {
    std::size_t most_waiting = 1'024;  ///< calls; one more is answered at once, as not applied or with an error
};

/// Keeps the metadata of a checkpoint in `checkpoint_folder(directory, job, name)`, in a file "metadata".
///
/// The directory is shared by all controllers and workers of its jobs (a local disk serves one machine, a network file
/// system more) and is made by the first store. Metadata is readable by its owner only. A store is whole or not at all,
/// also if the machine fails: temporary file, fsync, rename, fsync of the folder and, since a worker may have made it,
/// of the two above it. A checksum tells damage. A removed checkpoint is first renamed, then deleted; what a crash
/// leaves of it goes with the next removal of that name.
///
/// Errors     `state_backend` or, where another try cannot help (no rights, read-only, written by a newer headgate),
///            `permanent`; each names epoch, generation, job and path. A missing directory is an error of `load`, not
///            a missing checkpoint. A store whose last fsync failed is unknown.
/// Threads    calls may come from any thread and do not block. One thread of its own does the work, oldest call first,
///            and calls the completions. It has no clock: an answer may come after the request's deadline.
/// End        the destructor answers the calls that wait, as not applied or with an error, and waits for the one
///            that is being done.
class state_backend {
public:
    explicit state_backend(const std::filesystem::path& directory, options with = {});
    state_backend(const state_backend&) = delete;
    state_backend& operator=(const state_backend&) = delete;
    ~state_backend();

    const std::filesystem::path& directory() const;  ///< absolute

    void load(const request<load_checkpoint>& r, completion_for<load_checkpoint> auto done) {
        begin(r, held_completion<load_checkpoint>(std::move(done)));
    }
    void prepare(const request<prepare_checkpoint>& r, completion_for<prepare_checkpoint> auto done) {
        begin(r, held_completion<prepare_checkpoint>(std::move(done)));
    }
    void store(const request<store_checkpoint>& r, completion_for<store_checkpoint> auto done) {
        begin(r, held_completion<store_checkpoint>(std::move(done)));
    }
    void remove(const request<remove_checkpoint>& r, completion_for<remove_checkpoint> auto done) {
        begin(r, held_completion<remove_checkpoint>(std::move(done)));
    }

private:
    void begin(const request<load_checkpoint>& r, held_completion<load_checkpoint> done);
    void begin(const request<prepare_checkpoint>& r, held_completion<prepare_checkpoint> done);
    void begin(const request<store_checkpoint>& r, held_completion<store_checkpoint> done);
    void begin(const request<remove_checkpoint>& r, held_completion<remove_checkpoint> done);

    class implementation;
    std::unique_ptr<implementation> does_;
};

static_assert(headgate::state_backend<state_backend>);

}  // namespace headgate::inline v1::filesystem
