add_executable(tests.adapters.process.worker ${CMAKE_CURRENT_SOURCE_DIR}/adapters/process/worker.cpp)
add_dependencies(${target} tests.adapters.process.worker)
target_compile_definitions(${target} PRIVATE TEST_WORKER="$<TARGET_FILE:tests.adapters.process.worker>")
