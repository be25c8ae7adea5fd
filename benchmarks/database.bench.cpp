// SPDX-License-Identifier: BSL-1.0
// needs: headgate::sqlite headgate::postgres headgate::protobuf SQLite::SQLite3 PostgreSQL::PostgreSQL
// What an attempt asks of the database: claim, store Running, a checkpoint's row in progress and ready, tell. Beside
// SQLite's and Postgres' own libraries in C, which do the same statements on the same tables with the same durability,
// each after the other, in turns with ours, so that both see the same disk. Goal: `times`, the quotient of the medians,
// of at most 1.5.
//
// The argument is how many jobs do so at once; the time is that of 32 attempts. Files and server are in the folder for
// temporary files: TMPDIR=/dev/shm shows what is left where flushing costs nothing.

#include <headgate/assignment/balanced.hpp>
#include <headgate/postgres/database.hpp>
#include <headgate/protobuf/codec.hpp>
#include <headgate/sqlite/database.hpp>

#include <benchmark/benchmark.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace headgate;
using std::chrono::steady_clock;

constexpr incarnation owner{{1, 2}};
constexpr const char* owner_text = "00000000000000010000000000000002";
constexpr const char* nobody_text = "00000000000000000000000000000000";
constexpr std::int64_t tasks = 80;
constexpr std::array<const char*, 2> told{"Scheduling -> Running", "checkpoint of epoch 1 is ready"};

job_id job_of(std::uint32_t number) { return {"job-" + std::to_string(number)}; }

std::shared_ptr<const program> graph() {
    return std::make_shared<const program>(
        program{.nodes = {{.id = {1}, .parallelism = 40, .operators = {{{"read"}, ""}}},
                          {.id = {2}, .parallelism = 40, .operators = {{{"count"}, ""}}}},
                .edges = {{{1}, {2}, edge_kind::shuffle}}});
}

/// Ten workers of four slots.
const std::shared_ptr<const plan>& planned() {
    static const std::shared_ptr<const plan> made = [] {
        std::vector<offer> offers;
        for (std::uint32_t i = 0; i < 10; ++i)
            offers.push_back({.id = id_of({1}, {i}),
                              .machine = {"machine-" + std::to_string(i)},
                              .zone = {},
                              .slots = 4,
                              .data_address = "10.0.0." + std::to_string(i) + ":6121"});
        return std::make_shared<const plan>(balanced{}(*graph(), offers).value());
    }();
    return made;
}

// Ours ----------------------------------------------------------------------------------------------------------------

/// Steps that were answered, from any thread.
class answers {
public:
    struct one {
        std::uint32_t job{};
        bool is_done = false;
    };

    void put(one what) {
        const std::lock_guard lock(guard_);
        all_.push_back(what);
        came_.notify_one();
    }
    one take() {
        std::unique_lock lock(guard_);
        came_.wait(lock, [this] { return not all_.empty(); });
        const one first = all_.front();
        all_.pop_front();
        return first;
    }

private:
    std::mutex guard_;
    std::condition_variable came_;
    std::deque<one> all_;
};

template <class Effect>
struct answered_into {
    ticket to{};
    answers* into = nullptr;
    std::uint32_t job{};
    std::uint64_t revision{};  ///< expected in the answer

    bool is_right(const claimed& what) const { return what.row.revision == revision; }
    bool is_right(const job_row& what) const { return what.revision == revision; }
    bool is_right(const auto&) const { return true; }

    void operator()(typename Effect::answer answer) const {
        const auto no = [](const error&) { return false; };
        into->put({job, answer.match([this](const auto& what) { return this->is_right(what); }, no, no)});
    }
};

/// Puts the jobs where both sides begin.
template <class Database>
bool put_wishes(Database& into, std::uint32_t jobs) {
    answers came;
    for (std::uint32_t i = 0; i < jobs; ++i) {
        wish what{.version = 1, .name = "words", .organization = {}, .program = graph()};
        into.put_wish(request<put_wish>{.what = {job_of(i), 0, std::move(what)}},
                      answered_into<put_wish>{.into = &came, .job = i});
    }
    bool are_done = true;
    for (std::uint32_t i = 0; i < jobs; ++i) are_done = came.take().is_done and are_done;
    return are_done;
}

/// As a controller does: a completion says that it came, and one thread asks for what follows.
template <class Database>
class attempts {
public:
    attempts(std::unique_ptr<Database> database, std::uint32_t jobs) : database_(std::move(database)), steps_(jobs) {}

    bool run() {
        ++generation_;
        for (std::uint32_t i = 0; i < steps_.size(); ++i) ask(i, steps_[i] = 0);
        bool are_done = true;
        for (std::size_t left = 5 * steps_.size(); left > 0; --left) {
            const answers::one came = came_.take();
            are_done = are_done and came.is_done;
            if (steps_[came.job] < 4) ask(came.job, ++steps_[came.job]);
        }
        revision_ += 2;
        return are_done;
    }

private:
    void ask(std::uint32_t job, int step) {
        switch (step) {
            case 0: return ask(job, claim{job_of(job), revision_, row(1, state_name::scheduling), {}}, revision_ + 1);
            case 1: return ask(job, store_row{job_of(job), revision_ + 1, row(2, state_name::running)}, revision_ + 2);
            case 2: return ask(job, checkpoint(job, checkpoint_state::in_progress));
            case 3: return ask(job, checkpoint(job, checkpoint_state::ready));
            default: return ask(job, words(job));
        }
    }
    void ask(std::uint32_t job, claim what, std::uint64_t revision) {
        database_->claim(asked(std::move(what)), done<claim>(job, revision));
    }
    void ask(std::uint32_t job, store_row what, std::uint64_t revision) {
        database_->store(asked(std::move(what)), done<store_row>(job, revision));
    }
    void ask(std::uint32_t job, write_checkpoint what) {
        database_->write_checkpoint(asked(std::move(what)), done<write_checkpoint>(job, 0));
    }
    void ask(std::uint32_t job, tell what) { database_->tell(asked(std::move(what)), done<tell>(job, 0)); }

    template <class Effect>
    static request<Effect> asked(Effect what) {
        return {.by = {}, .deadline = never, .what = std::move(what)};
    }
    template <class Effect>
    answered_into<Effect> done(std::uint32_t job, std::uint64_t revision) {
        return {.to = {}, .into = &came_, .job = job, .revision = revision};
    }
    job_row row(std::uint64_t later, state_name state) const {
        return {.revision = revision_ + later,
                .generation = {generation_},
                .owner = owner,
                .state = state,
                .applied = 1,
                .tasks = tasks,
                .last_error = {},
                .plan = planned()};
    }
    write_checkpoint checkpoint(std::uint32_t job, checkpoint_state state) const {
        return {.job = job_of(job),
                .generation = {generation_},
                .owner = owner,
                .row = {{{generation_}, {generation_}}, state}};
    }
    tell words(std::uint32_t job) const {
        tell made{.job = job_of(job),
                  .generation = {generation_},
                  .owner = owner,
                  .lines = {},
                  .waits_for = {},
                  .workers = 10};
        for (const char* const line : told) made.lines.push_back({.generation = {generation_}, .text = line});
        return made;
    }

    std::unique_ptr<Database> database_;
    answers came_{};
    std::vector<int> steps_;
    std::uint64_t revision_ = 0;
    std::uint32_t generation_ = 0;
};

// SQLite's own library ------------------------------------------------------------------------------------------------

class raw_sqlite {
public:
    raw_sqlite(const std::string& path, std::uint32_t jobs) : plan_(protobuf::encode(*planned())), jobs_(jobs) {
        is_open_ = sqlite3_open(path.c_str(), &open_) == SQLITE_OK and run("PRAGMA journal_mode = WAL") and
                   run("PRAGMA synchronous = FULL");
    }
    ~raw_sqlite() {
        for (const auto& [sql, one] : prepared_) sqlite3_finalize(one);
        sqlite3_close(open_);
    }
    raw_sqlite(const raw_sqlite&) = delete;
    raw_sqlite& operator=(const raw_sqlite&) = delete;

    bool run() {
        ++generation_;
        bool are_done = is_open_;
        for (std::uint32_t i = 0; i < jobs_; ++i) are_done = are_done and attempt("job-" + std::to_string(i));
        revision_ += 2;
        lines_ += static_cast<std::int64_t>(told.size());
        return are_done;
    }

private:
    static constexpr const char* select_job =
        R"(SELECT id, name, stop, version, wish, revision, generation, owner, state, is_complete,
        applied, restart_nonce, restarts, tasks, last_error, plan, waits_for, workers, submitted, started, since,
        c.epoch, c.number FROM jobs LEFT JOIN (SELECT job, epoch, generation AS number FROM checkpoints) c ON c.job = id
        AND (c.epoch, c.number) = (SELECT epoch, generation FROM checkpoints WHERE job = id AND state = 'ready'
                                   ORDER BY epoch DESC, generation DESC LIMIT 1) WHERE id = ?)";

    bool attempt(const std::string& job) {
        return transaction([&] {
                   return replace(job, revision_, "Scheduling") and run(select_job, job) and
                          run(R"(SELECT epoch, generation, state FROM checkpoints WHERE job = ? AND epoch >= ? AND
                              state IN ('ready', 'committing') ORDER BY epoch DESC, generation DESC LIMIT 1)",
                              job, std::int64_t{0}) and
                          run(R"(UPDATE checkpoints SET state = 'failed' WHERE job = ? AND state = 'inprogress' AND
                              epoch > ?)",
                              job, generation_ - 1) and
                          run(R"(UPDATE checkpoints SET state = 'abandoned' WHERE job = ? AND state = 'committing' AND
                              epoch < ?)",
                              job, std::int64_t{0});
               }) and
               transaction([&] { return replace(job, revision_ + 1, "Running") and run(select_job, job); }) and
               transaction([&] { return checkpoint(job, "inprogress"); }) and
               transaction([&] { return checkpoint(job, "ready"); }) and transaction([&] { return tell(job); });
    }
    bool transaction(auto work) { return run("BEGIN IMMEDIATE") and work() and run("COMMIT"); }

    bool replace(const std::string& job, std::int64_t expected, std::string_view state) {
        return run(R"(UPDATE jobs SET revision = revision + 1, generation = ?, owner = ?, state = ?,
                   is_complete = ?, applied = ?, restart_nonce = ?, restarts = ?, tasks = ?, last_error = ?, plan = ?,
                   since = iif(state = ?3, since, ?11),
                   started = iif(started IS NULL AND ?3 = 'Running', ?11, started) WHERE id = ?12 AND revision = ?13)",
                   generation_, std::string_view(owner_text), state, std::int64_t{0}, std::int64_t{1}, std::int64_t{0},
                   std::int64_t{0}, tasks, std::string_view(), blob{plan_}, wall_now(), job, expected) and
               sqlite3_changes(open_) == 1;
    }
    bool checkpoint(const std::string& job, std::string_view state) {
        return run("SELECT generation = ? AND owner = ? FROM jobs WHERE id = ?", generation_,
                   std::string_view(owner_text), job) and
               run("SELECT state FROM checkpoints WHERE job = ? AND epoch = ? AND generation = ?", job, generation_,
                   generation_) and
               run("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)", job, generation_, generation_, state);
    }
    bool tell(const std::string& job) {
        bool is_done = run("SELECT lines, owner = ? OR (owner = ? AND generation = ?) FROM jobs WHERE id = ?",
                           std::string_view(owner_text), std::string_view(nobody_text), generation_, job);
        std::int64_t number = lines_;
        for (const char* const line : told)
            is_done = is_done and run("INSERT INTO log VALUES (?, ?, ?, ?, ?)", job, ++number, wall_now(), generation_,
                                      std::string_view(line));
        return is_done and run("DELETE FROM log WHERE job = ? AND number <= ?", job, number - 10'000) and
               run("UPDATE jobs SET lines = ? WHERE id = ?", number, job) and
               run(R"(UPDATE jobs SET waits_for = ?1, workers = ?2 WHERE id = ?3 AND
                   (waits_for <> ?1 OR workers <> ?2))",
                   std::string_view(), std::int64_t{10}, job);
    }

    struct blob {
        std::string_view of;
    };
    static std::int64_t wall_now() {
        return std::chrono::duration_cast<duration>(std::chrono::system_clock::now().time_since_epoch()).count();
    }
    static void bind(sqlite3_stmt* to, int at, std::int64_t number) { sqlite3_bind_int64(to, at, number); }
    static void bind(sqlite3_stmt* to, int at, std::string_view text) {
        sqlite3_bind_text(to, at, text.empty() ? "" : text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
    }
    static void bind(sqlite3_stmt* to, int at, blob bytes) {
        sqlite3_bind_blob(to, at, bytes.of.data(), static_cast<int>(bytes.of.size()), SQLITE_STATIC);
    }

    /// `sql` is a literal: prepared once, known by its address. Reads every column of every row.
    template <class... Values>
    bool run(const char* sql, const Values&... values) {
        sqlite3_stmt*& one = prepared_[sql];
        if (one == nullptr and sqlite3_prepare_v2(open_, sql, -1, &one, nullptr) != SQLITE_OK) return false;
        [[maybe_unused]] int at = 0;
        (bind(one, ++at, values), ...);
        int code = sqlite3_step(one);
        for (; code == SQLITE_ROW; code = sqlite3_step(one))
            for (int i = 0; i < sqlite3_column_count(one); ++i) benchmark::DoNotOptimize(sqlite3_column_text(one, i));
        sqlite3_reset(one);
        return code == SQLITE_DONE;
    }

    sqlite3* open_ = nullptr;
    std::map<const char*, sqlite3_stmt*> prepared_{};
    std::string plan_;
    std::uint32_t jobs_;
    bool is_open_ = false;
    std::int64_t revision_ = 0, generation_ = 0;
    std::int64_t lines_ = 0;
};

// Postgres' own library -----------------------------------------------------------------------------------------------

/// One connection in pipeline mode; the jobs do each step together.
class raw_postgres {
public:
    raw_postgres(const std::string& schema, std::uint32_t jobs)
        : open_(PQconnectdb("")), plan_(protobuf::encode(*planned())), jobs_(jobs) {
        is_open_ = PQstatus(open_) == CONNECTION_OK and exec("SET search_path = " + schema) and
                   exec("LISTEN \"headgate." + schema + "\"");
        for (const auto& [name, sql] : statements) {
            PGresult* const one = PQprepare(open_, name, sql, 0, nullptr);
            is_open_ = is_open_ and PQresultStatus(one) == PGRES_COMMAND_OK;
            PQclear(one);
        }
        is_open_ = is_open_ and PQenterPipelineMode(open_) == 1;
    }
    ~raw_postgres() { PQfinish(open_); }
    raw_postgres(const raw_postgres&) = delete;
    raw_postgres& operator=(const raw_postgres&) = delete;

    bool run() {
        const std::string generation = std::to_string(++generation_), all_tasks = std::to_string(tasks);
        const std::string before = std::to_string(revision_), between = std::to_string(revision_ + 1);
        const auto exchange = [&](const std::string& job, const std::string& expected, const char* state) {
            return std::vector<std::string>{job, expected, generation, owner_text, state, "f",
                                            "1", "0",      "0",        all_tasks,  "",    plan_};
        };
        const auto checkpoint = [&](const std::string& job, const char* state) {
            return std::vector<std::string>{job, generation, owner_text, generation, generation, state, "0"};
        };
        const std::string lines = "{\"" + std::string(told[0]) + "\",\"" + told[1] + "\"}";
        const bool are_done =
            is_open_ and
            step("claim", true,
                 [&](const std::string& job) {
                     auto with = exchange(job, before, "Scheduling");
                     with.push_back("0");
                     return with;
                 }) and
            step("store", true, [&](const std::string& job) { return exchange(job, between, "Running"); }) and
            step("write_checkpoint", false, [&](const std::string& job) { return checkpoint(job, "inprogress"); }) and
            step("write_checkpoint", false, [&](const std::string& job) { return checkpoint(job, "ready"); }) and
            step("tell", true, [&](const std::string& job) {
                return std::vector<std::string>{
                    job, generation, owner_text, "", "10", "{" + generation + "," + generation + "}", lines};
            });
        revision_ += 2;
        return are_done;
    }

private:
    static constexpr std::array<std::pair<const char*, const char*>, 5> statements{{
        {"claim",
         "SELECT (c.stands).*, c.epoch, c.number, c.was FROM claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
         "$13) c"},
        {"store", "SELECT * FROM store_row($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"},
        {"write_checkpoint", "SELECT * FROM write_checkpoint($1, $2, $3, $4, $5, $6, $7)"},
        {"tell", "SELECT * FROM tell($1, $2, $3, $4, $5, $6, $7)"},
        {"notify", "SELECT pg_notify('headgate.' || current_schema(), '')"},
    }};
    static constexpr std::size_t plan_at = 11;

    bool exec(const std::string& sql) {
        PGresult* const one = PQexec(open_, sql.c_str());
        const bool is_done = PQresultStatus(one) == PGRES_COMMAND_OK;
        PQclear(one);
        return is_done;
    }

    /// Each statement is a transaction of its own, and those that are news are followed by another that says so.
    template <class Arguments>
    bool step(const char* name, bool is_news, Arguments arguments) {
        int syncs = 0;
        for (std::uint32_t i = 0; i < jobs_; ++i) {
            const std::vector<std::string> with = arguments("job-" + std::to_string(i));
            std::vector<const char*> values;
            std::vector<int> lengths, formats(with.size());
            for (const std::string& each : with) {
                values.push_back(each.data());
                lengths.push_back(static_cast<int>(each.size()));
            }
            if (with.size() > plan_at) formats[plan_at] = 1;
            if (PQsendQueryPrepared(open_, name, static_cast<int>(with.size()), values.data(), lengths.data(),
                                    formats.data(), 0) != 1 or
                PQpipelineSync(open_) != 1)
                return false;
            ++syncs;
            if (not is_news) continue;
            if (PQsendQueryPrepared(open_, "notify", 0, nullptr, nullptr, nullptr, 0) != 1 or
                PQpipelineSync(open_) != 1)
                return false;
            ++syncs;
        }
        bool are_done = true;
        while (syncs > 0) {
            PGresult* const one = PQgetResult(open_);
            if (one == nullptr) continue;  // the end of a statement
            const ExecStatusType status = PQresultStatus(one);
            if (status == PGRES_PIPELINE_SYNC)
                --syncs;
            else if (status != PGRES_TUPLES_OK)
                are_done = false;
            for (int i = 0; i < PQnfields(one) and PQntuples(one) > 0; ++i)
                benchmark::DoNotOptimize(PQgetvalue(one, 0, i));
            PQclear(one);
            if (PQstatus(open_) != CONNECTION_OK) return false;
        }
        while (PGnotify* const note = PQnotifies(open_)) PQfreemem(note);
        return are_done;
    }

    PGconn* open_;
    std::string plan_;
    std::uint32_t jobs_;
    bool is_open_ = false;
    std::int64_t revision_ = 0;
    std::uint32_t generation_ = 0;
};

// Where they work -----------------------------------------------------------------------------------------------------

/// On the disk of the folder for temporary files.
class folder {
public:
    folder() {
        std::string name = (std::filesystem::temp_directory_path() / "headgate.benchmark.XXXXXX").string();
        if (::mkdtemp(name.data()) != nullptr) path_ = name;
    }
    ~folder() {
        std::error_code ignored;
        if (not path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_{};
};

/// A server that flushes; it ends with this process, however that ends.
class server {
public:
    server() {
        const std::string up = "bash " HEADGATE_POSTGRES_SCRIPT " up --durable --while " + std::to_string(::getpid());
        std::FILE* const output = ::popen(up.c_str(), "r");
        std::string line;
        for (int c; output != nullptr and (c = std::fgetc(output)) != EOF;) line += static_cast<char>(c);
        if (output == nullptr or ::pclose(output) != 0) return;
        for (const char* name : {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "HEADGATE_POSTGRES"}) {
            const std::size_t at = line.find(std::string(name) + "=") + std::string(name).size() + 1;
            ::setenv(name, line.substr(at, line.find_first_of(" \n", at) - at).c_str(), 1);
        }
        is_up_ = true;
    }
    ~server() {
        if (is_up_ and std::system("bash " HEADGATE_POSTGRES_SCRIPT " down") != 0)
            std::fputs("scripts/postgres down failed\n", stderr);
    }
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    bool is_up() const { return is_up_; }

private:
    bool is_up_ = false;
};

template <class Database, class Raw>
struct sides {
    std::optional<attempts<Database>> ours{};
    std::optional<Raw> raw{};
    std::string why_not{};

    /// `name` says where: of ours, and of the other.
    sides(auto open, const std::string& our_name, const std::string& raw_name, std::uint32_t jobs) {
        for (const std::string& name : {our_name, raw_name}) {
            auto made = open(name);
            if (not made) {
                why_not = made.error().text;
                return;
            }
            if (not put_wishes(**made, jobs)) why_not = "the jobs cannot be made";
            if (name == our_name) ours.emplace(*std::move(made), jobs);
        }
        raw.emplace(raw_name, jobs);
    }
};

double median(std::vector<double> of) {
    const auto middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
    std::nth_element(of.begin(), middle, of.end());
    return *middle;
}

constexpr std::uint32_t attempts_in_all = 32;

template <class Both>
void in_turns(benchmark::State& state, Both& both) {
    if (not both.why_not.empty()) return state.SkipWithError(both.why_not.c_str());
    const auto rounds = attempts_in_all / static_cast<std::uint32_t>(state.range(0));
    const auto seconds_of = [&](auto& one) -> std::optional<double> {
        const auto begun = steady_clock::now();
        for (std::uint32_t i = 0; i < rounds; ++i)
            if (not one.run()) return std::nullopt;
        return std::chrono::duration<double>(steady_clock::now() - begun).count();
    };
    std::vector<double> ours, raw;
    for (auto _ : state) {
        const auto theirs = seconds_of(*both.raw), mine = seconds_of(*both.ours);
        if (not theirs or not mine) {
            state.SkipWithError(theirs ? "a step of ours failed" : "a statement failed");
            break;
        }
        state.SetIterationTime(*mine);
        ours.push_back(*mine);
        raw.push_back(*theirs);
    }
    if (ours.empty()) return;
    state.counters["median_ms"] = 1'000 * median(ours);
    state.counters["raw_median_ms"] = 1'000 * median(raw);
    state.counters["times"] = median(ours) / median(raw);
}

void jobs_at_once(benchmark::internal::Benchmark* of) {
    of->Unit(benchmark::kMillisecond)->UseManualTime()->Iterations(9)->Arg(1)->Arg(8)->Arg(attempts_in_all);
}

void sqlite_attempt(benchmark::State& state) {
    static const folder where;
    static std::map<std::int64_t, sides<sqlite::database, raw_sqlite>> all;
    const auto jobs = static_cast<std::uint32_t>(state.range(0));
    const std::string name = where.path() + "/" + std::to_string(jobs);
    const auto open = [](const std::string& path) { return sqlite::database::open({.path = path}); };
    in_turns(state, all.try_emplace(state.range(0), open, name + ".ours", name + ".raw", jobs).first->second);
}
BENCHMARK(sqlite_attempt)->Apply(jobs_at_once);

void postgres_attempt(benchmark::State& state) {
    static const server one;
    if (not one.is_up()) return state.SkipWithError("there is no Postgres server: scripts/postgres up failed");
    static std::map<std::int64_t, sides<postgres::database, raw_postgres>> all;
    const auto jobs = static_cast<std::uint32_t>(state.range(0));
    const std::string name = "jobs_" + std::to_string(jobs);
    const auto open = [](const std::string& schema) { return postgres::database::open({.schema = schema}); };
    in_turns(state, all.try_emplace(state.range(0), open, name + "_ours", name + "_raw", jobs).first->second);
}
BENCHMARK(postgres_attempt)->Apply(jobs_at_once);

}  // namespace
