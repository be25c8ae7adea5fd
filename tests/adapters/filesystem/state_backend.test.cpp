#include <headgate/filesystem/state_backend.hpp>

#include <headgate/conformance/laws/state_backend.hpp>

#include <boost/test/unit_test.hpp>

#include "synchronised.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <latch>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace headgate;
namespace fs = std::filesystem;

/// Gone at the end, with all in it.
class new_directory {
public:
    new_directory() {
        std::string pattern = (fs::temp_directory_path() / "headgate-XXXXXX").string();
        BOOST_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    new_directory(const new_directory&) = delete;
    new_directory& operator=(const new_directory&) = delete;
    ~new_directory() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

struct in_a_new_directory : new_directory, filesystem::state_backend {
    // Two folders deep, so that the first store makes both.
    in_a_new_directory() : state_backend(path() / "checkpoints" / "of all jobs") {
        fs::create_directories(directory());
    }
};

std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
void write(const fs::path& file, const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; }

/// Until it came, or for as long as no test should ever take.
constexpr auto settle = [](auto&, auto came) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (not came() and std::chrono::steady_clock::now() < patience) std::this_thread::yield();
};

using trial = laws::detail::state_backend_trial<filesystem::state_backend, const decltype(settle)>;

const job_id job{"a job"};
constexpr checkpoint_name name{.epoch = {417}, .generation = {29}};

using damages = std::vector<std::pair<std::string, std::function<void(const fs::path& file)>>>;

const damages ways_to_damage{
    {"empty", [](const fs::path& file) { write(file, ""); }},
    {"half", [](const fs::path& file) { write(file, read(file).substr(0, read(file).size() / 2)); }},
    {"one byte short", [](const fs::path& file) { write(file, read(file).substr(0, read(file).size() - 1)); }},
    {"one byte more", [](const fs::path& file) { write(file, read(file) + '\0'); }},
    {"another file", [](const fs::path& file) { write(file, "{\"this\": \"is none of ours\"}"); }},
    {"another format",
     [](const fs::path& file) {
         std::string bytes = read(file);
         bytes.at(bytes.find('1')) = '2';
         write(file, bytes);
     }},
    {"a folder", [](const fs::path& file) { fs::remove(file), fs::create_directory(file); }},
};

BOOST_AUTO_TEST_CASE(folders_in_a_directory_keep_every_law) {
    constexpr auto damage = [](in_a_new_directory& model, const job_id& of, checkpoint_name named) {
        const fs::path file = filesystem::checkpoint_folder(model.directory(), of, named) / "metadata";
        write(file, read(file).substr(0, read(file).size() / 2));
    };
    int laws = 0;
    laws::check_state_backend([] { return in_a_new_directory{}; }, settle, damage,
                              [&](std::string_view law, bool holds, const std::string& detail) {
                                  BOOST_TEST(holds, law << ": " << detail);
                                  ++laws;
                              });
    BOOST_TEST(laws == 7);
}

BOOST_AUTO_TEST_CASE(however_metadata_is_damaged_the_error_names_the_checkpoint_S9) {
    in_a_new_directory model;
    for (const auto& [how, damage_file] : ways_to_damage) {
        trial t(model, settle);
        t.applies(t.remove(job, name), "remove");
        t.applies(t.store(job, laws::detail::metadata_of(name, 2)), "store");
        damage_file(filesystem::checkpoint_folder(model.directory(), job, name) / "metadata");
        laws::detail::a_damaged_checkpoint_is_named(t, job, name);
        BOOST_TEST(t.empty(), how << ": " << t.text());
    }
}

BOOST_AUTO_TEST_CASE(no_changed_bit_goes_unseen) {
    in_a_new_directory model;
    trial t(model, settle);
    t.applies(t.store(job, laws::detail::metadata_of(name, 2)), "store");
    const fs::path file = filesystem::checkpoint_folder(model.directory(), job, name) / "metadata";
    const std::string whole = read(file);
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
        std::string changed = whole;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
        write(file, changed);
        const auto asked = t.load(job, name);
        BOOST_TEST((asked->came() and not asked->answer().has_value()), "bit " << bit << " changed");
        if (asked->came() and not asked->answer())
            BOOST_TEST(asked->answer().error().text.find(file.string()) != std::string::npos);
    }
    write(file, whole);
    t.is_loaded(job, *laws::detail::metadata_of(name, 2));
    BOOST_TEST(t.empty(), t.text());
}

BOOST_AUTO_TEST_CASE(metadata_in_the_place_of_another_s_is_damage) {
    in_a_new_directory model;
    trial t(model, settle);
    const checkpoint_name other{.epoch = {418}, .generation = {29}};
    t.applies(t.store(job, laws::detail::metadata_of(name, 2)), "store");
    t.applies(t.store(job, laws::detail::metadata_of(other, 2)), "store");
    fs::copy_file(filesystem::checkpoint_folder(model.directory(), job, other) / "metadata",
                  filesystem::checkpoint_folder(model.directory(), job, name) / "metadata",
                  fs::copy_options::overwrite_existing);
    laws::detail::a_damaged_checkpoint_is_named(t, job, name);
    BOOST_TEST(t.empty(), t.text());
}

BOOST_AUTO_TEST_CASE(another_controller_reads_what_one_stored) {
    in_a_new_directory model;
    trial t(model, settle);
    t.applies(t.store(job, laws::detail::metadata_of(name, 2)), "store");
    filesystem::state_backend other(model.directory());
    trial u(other, settle);
    u.is_loaded(job, *laws::detail::metadata_of(name, 2));
    BOOST_TEST((t.empty() and u.empty()), t.text() << u.text());
}

BOOST_AUTO_TEST_CASE(a_store_leaves_nothing_but_the_metadata) {
    in_a_new_directory model;
    trial t(model, settle);
    t.applies(t.store(job, laws::detail::metadata_of(name, 2)), "store");
    t.applies(t.store(job, laws::detail::metadata_of(name, 3)), "store");
    const fs::path folder = filesystem::checkpoint_folder(model.directory(), job, name);
    BOOST_TEST(std::distance(fs::directory_iterator(folder), {}) == 1);
    BOOST_TEST(fs::exists(folder / "metadata"));
    t.is_loaded(job, *laws::detail::metadata_of(name, 3));
    BOOST_TEST(t.empty(), t.text());
}

BOOST_AUTO_TEST_CASE(a_store_makes_the_folders_that_a_worker_made_durable_I7) {
    in_a_new_directory model;
    trial t(model, settle);
    const fs::path folder = filesystem::checkpoint_folder(model.directory(), job, name);
    fs::create_directories(folder);
    t.applies(t.store(job, laws::detail::metadata_of(name, 2)), "store");
    for (const fs::path& each : {folder, folder.parent_path(), model.directory()})
        BOOST_TEST(headgate_tests::all_synchronised().has(each), each);
    BOOST_TEST(t.empty(), t.text());
}

BOOST_AUTO_TEST_CASE(a_store_that_fails_leaves_what_was_there) {
    in_a_new_directory model;
    trial t(model, settle);
    const fs::path folder = filesystem::checkpoint_folder(model.directory(), job, name);
    fs::create_directories(folder / "metadata" / "in the way");
    const auto asked = t.store(job, laws::detail::metadata_of(name, 2));
    BOOST_TEST(laws::describe(*asked) ==
               "not applied: state backend: the checkpoint of epoch 417, generation 29 of job a "
               "job: " +
                   (folder / "metadata").string() + ": Is a directory");
    BOOST_TEST(std::distance(fs::directory_iterator(folder), {}) == 1);
}

BOOST_AUTO_TEST_CASE(what_an_interrupted_store_left_is_no_checkpoint) {
    in_a_new_directory model;
    trial t(model, settle);
    const fs::path folder = filesystem::checkpoint_folder(model.directory(), job, name);
    fs::create_directories(folder);
    write(folder / ".metadata-abcdef", "half of it");
    t.is_missing(job, name);
    t.applies(t.store(job, laws::detail::metadata_of(name, 2)), "store");
    t.is_loaded(job, *laws::detail::metadata_of(name, 2));
    BOOST_TEST(t.empty(), t.text());
}

BOOST_AUTO_TEST_CASE(remove_takes_the_objects_of_workers_and_what_an_interrupted_removal_left) {
    in_a_new_directory model;
    trial t(model, settle);
    const fs::path folder = filesystem::checkpoint_folder(model.directory(), job, name);
    fs::create_directories(folder / "node 1");
    write(folder / "node 1" / "part", "state");
    write(folder / "object", "state");
    const fs::path left = folder.parent_path() / (".removed-" + folder.filename().string());
    fs::create_directories(left / "of before");
    t.applies(t.remove(job, name), "remove");
    BOOST_TEST(not fs::exists(folder));
    BOOST_TEST(not fs::exists(left));

    fs::create_directories(left / "of before");
    t.applies(t.remove(job, name), "remove of what is left");
    BOOST_TEST(not fs::exists(left));
    BOOST_TEST(t.empty(), t.text());
}

BOOST_AUTO_TEST_CASE(remove_touches_nothing_that_a_link_leads_to) {
    in_a_new_directory model;
    trial t(model, settle);
    const fs::path folder = filesystem::checkpoint_folder(model.directory(), job, name);
    const fs::path precious = model.path() / "precious";
    fs::create_directories(folder);
    fs::create_directories(precious);
    write(precious / "file", "kept");
    fs::create_directory_symlink(precious, folder / "link");
    t.applies(t.remove(job, name), "remove");
    BOOST_TEST(not fs::exists(folder));
    BOOST_TEST(read(precious / "file") == "kept");
}

template <class Asked>
error error_of(const Asked& asked) {
    BOOST_REQUIRE(asked->came());
    if constexpr (requires { asked->answer().has_value(); })
        return asked->answer().has_value() ? error{} : asked->answer().error();
    else
        return asked->answer().match([](const auto&) { return error{}; }, [](const error& why) { return why; },
                                     [](const error& why) { return error{.text = "unknown: " + why.text}; });
}

BOOST_AUTO_TEST_CASE(a_directory_that_is_not_there_is_an_error_and_no_missing_checkpoint) {
    in_a_new_directory model;
    trial t(model, settle);
    fs::remove_all(model.path());
    const error why = error_of(t.load(job, name));
    BOOST_TEST((why.kind == error_kind::state_backend));
    BOOST_TEST(why.text == "the checkpoint of epoch 417, generation 29 of job a job: " + model.directory().string() +
                               ": no such directory; is it mounted?");
}

BOOST_AUTO_TEST_CASE(the_first_store_makes_the_directory) {
    in_a_new_directory model;
    trial t(model, settle);
    fs::remove_all(model.path());
    t.applies(t.store(job, laws::detail::metadata_of(name, 2)), "store");
    t.is_loaded(job, *laws::detail::metadata_of(name, 2));
    BOOST_TEST(t.empty(), t.text());
}

BOOST_AUTO_TEST_CASE(what_only_a_person_can_mend_is_permanent_and_names_the_path) {
    new_directory above;
    const fs::path file = above.path() / "a file";
    write(file, "");
    filesystem::state_backend model(file);
    trial t(model, settle);
    const std::vector<error> errors{error_of(t.load(job, name)), error_of(t.prepare(job, name)),
                                    error_of(t.store(job, laws::detail::metadata_of(name, 2))),
                                    error_of(t.remove(job, name))};
    for (const error& why : errors) {
        BOOST_TEST((why.kind == error_kind::permanent), describe(why));
        BOOST_TEST(why.text.starts_with("the checkpoint of epoch 417, generation 29 of job a job: " + file.string()),
                   why.text);
        BOOST_TEST(why.text.find("Not a directory") != std::string::npos, why.text);
    }
}

BOOST_AUTO_TEST_CASE(the_queue_is_bounded_and_what_does_not_fit_is_answered_at_once) {
    new_directory above;
    filesystem::state_backend model(above.path(), {.most_waiting = 0});
    constexpr auto at_once = [](auto&, auto) {};
    laws::detail::state_backend_trial<filesystem::state_backend, const decltype(at_once)> t(model, at_once);
    for (const error& why : {error_of(t.load(job, name)), error_of(t.remove(job, name))})
        BOOST_TEST(why.text.find("too many calls to the file system wait") != std::string::npos, why.text);
}

/// Waits until all others have come, or counts as one of them.
struct joined {
    ticket to{};
    std::shared_ptr<std::latch> others;
    std::shared_ptr<std::atomic<int>> calls;
    bool waits = false;

    void operator()(const load_checkpoint::answer& answer) const {
        ++*calls;
        if (waits) return others->wait();
        BOOST_TEST((not answer and answer.error().text.ends_with("the state backend has ended")));
        others->count_down();
    }
};

BOOST_AUTO_TEST_CASE(calls_that_wait_at_the_end_are_answered_each_once) {
    constexpr int waiting = 10;
    new_directory above;
    const auto others = std::make_shared<std::latch>(waiting);
    const auto calls = std::make_shared<std::atomic<int>>();
    const request<load_checkpoint> load{.what = {job, name}};
    {
        filesystem::state_backend model(above.path());
        const auto first = std::make_shared<std::atomic<int>>();
        model.load(load, joined{{}, others, first, true});
        settle(model, [&] { return *first == 1; });  // at work, and held up until the others are answered
        for (int i = 0; i < waiting; ++i) model.load(load, joined{{}, others, calls});
    }
    BOOST_TEST(*calls == waiting);
}

BOOST_AUTO_TEST_CASE(names_of_folders_are_one_component_and_never_meet) {
    using filesystem::folder_name;
    BOOST_TEST(folder_name({"orders-2_x"}) == "orders-2_x");
    BOOST_TEST(folder_name({"a/b"}) == "a%2Fb");
    BOOST_TEST(folder_name({".."}) == "%2E%2E");
    BOOST_TEST(folder_name({""}) == "%");
    BOOST_TEST(folder_name({std::string("\0\xff", 2)}) == "%00%FF");
    std::set<std::string> names;
    for (int first = -1; first < 256; ++first)
        for (int second = -1; second < (first < 0 ? 0 : 256); ++second) {
            job_id id{};
            if (first >= 0) id.value += static_cast<char>(first);
            if (second >= 0) id.value += static_cast<char>(second);
            const std::string made = folder_name(id);
            BOOST_REQUIRE(names.insert(made).second);
            BOOST_REQUIRE((fs::path("d") / made).lexically_normal().parent_path() == "d");
        }
    BOOST_TEST(folder_name({std::string(64, '/')}).size() <= 255u);
    BOOST_TEST((filesystem::checkpoint_folder("/d", {"j"}, name) == fs::path("/d/j/417-29")));
}

BOOST_AUTO_TEST_CASE(a_relative_directory_stays_where_it_was) {
    const filesystem::state_backend model("checkpoints");
    BOOST_TEST((model.directory() == fs::current_path() / "checkpoints"));
}

}  // namespace
