#pragma once
// SPDX-License-Identifier: BSL-1.0
// sqlite: one open file with our tables in it, and its statements.

#include <headgate/sqlite/database.hpp>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::inline v1::sqlite {

/// What the exception that is being handled means to us. `path` is named in the text.
error explain_current(const std::string& path);

class connection {
public:
    static expected<std::unique_ptr<connection>> open(const options& how);

    /// Prepared once; reset, without bindings. Used by one reader at a time.
    SQLite::Statement& statement(std::string_view sql);
    const std::string& path() const { return path_; }

    /// `work()`, in which no other process's writes show half done.
    template <class Answer, class Work>
    Answer read(Work work);
    /// BEGIN IMMEDIATE, `work()`, COMMIT. What throws before COMMIT changed nothing: not applied. A COMMIT that failed
    /// may have: unknown.
    template <class Answer, class Work>
    Answer write(Work work);

private:
    connection(std::string path, int flags, int busy) : path_(std::move(path)), file_(path_, flags, busy) {}
    std::optional<error> prepare(std::chrono::milliseconds busy);
    /// Ends every statement that was used, so that none holds an old snapshot, and the transaction, if there still is
    /// one.
    void end(const char* how) noexcept;

    std::string path_;
    SQLite::Database file_;
    std::map<std::string, std::unique_ptr<SQLite::Statement>, std::less<>> statements_;  // as many as our sources name
    std::vector<SQLite::Statement*> used_;                                               // since the last end
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Answer, class Work>
Answer connection::read(Work work) {
    try {
        statement("BEGIN").exec();
        Answer answer = work();
        end("COMMIT");
        return answer;
    } catch (...) {
        const error why = explain_current(path_);
        end("ROLLBACK");
        return tl::unexpected(why);
    }
}

template <class Answer, class Work>
Answer connection::write(Work work) {
    bool may_be_done = false;
    try {
        statement("BEGIN IMMEDIATE").exec();
        Answer answer = work();
        may_be_done = true;
        statement("COMMIT").exec();
        end("ROLLBACK");
        return answer;
    } catch (...) {
        const error why = explain_current(path_);
        end("ROLLBACK");
        if (may_be_done) return unknown{why};
        return not_applied{why};
    }
}

}  // namespace headgate::inline v1::sqlite
