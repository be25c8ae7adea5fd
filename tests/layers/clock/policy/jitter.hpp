std::random_device bits;
