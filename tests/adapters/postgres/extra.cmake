target_link_libraries(${target} PRIVATE headgate::protobuf PostgreSQL::PostgreSQL)
target_compile_definitions(${target} PRIVATE HEADGATE_POSTGRES_SCRIPT="${PROJECT_SOURCE_DIR}/scripts/postgres"
    HEADGATE_POSTGRES_VERSION_1="${folder}/version_1.sql")
