// needs: headgate::asio headgate::sqlite headgate::grpc headgate::process headgate::filesystem headgate::openssl
// A controller bound to the models that the adapters have; here its loop is stopped after a turn.
#include <headgate/asio/clock.hpp>
#include <headgate/asio/drive.hpp>
#include <headgate/controller/controller.hpp>
#include <headgate/filesystem/state_backend.hpp>
#include <headgate/grpc/channel.hpp>
#include <headgate/openssl/secrets.hpp>
#include <headgate/process/scheduler.hpp>
#include <headgate/sqlite/database.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

void serve(boost::asio::io_context& loop) {
    headgate::asio::clock clock{loop};
    auto database = *headgate::sqlite::database::open({.path = "jobs.db"});
    auto channel = *headgate::grpc::channel::open({.listen = "127.0.0.1:0"});
    headgate::process::scheduler scheduler{{.command = {"./my-worker"}, .controller = channel->address()}};
    headgate::filesystem::state_backend states{"checkpoints"};
    headgate::openssl::secrets secrets;

    headgate::controller controller{scheduler, *database, *channel, clock, states, secrets};
    headgate::asio::drive(loop, controller);  // any loop will do: poll(), next_deadline(), on_wake()
    loop.run();
}

}  // namespace

int main() {
    std::string folder = (std::filesystem::temp_directory_path() / "serve.XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return 1;
    std::filesystem::current_path(folder);
    boost::asio::io_context loop;
    boost::asio::post(loop, [&loop] { loop.stop(); });
    serve(loop);
    std::filesystem::remove_all(folder);
}
