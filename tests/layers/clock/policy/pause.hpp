const auto until = std::chrono::steady_clock::now() + pause;
