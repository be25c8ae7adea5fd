target_link_libraries(${target} PRIVATE headgate::protobuf SQLite::SQLite3)
