target_link_libraries(${target} PRIVATE SQLite::SQLite3)
