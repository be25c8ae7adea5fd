# headgate_add_assignment_benchmark(<name> <header> <policy>)
#
# An executable benchmark.<name> that puts the policy, an expression such as "my::policy{}" from <header>, beside
# headgate's own and what others do: a table of quality over random jobs, then times with ratios and growth curves.
# Needs Google Benchmark. Link what <header> needs to benchmark.<name>.
#
#     find_package(headgate CONFIG REQUIRED)
#     headgate_add_assignment_benchmark(mine my/policy.hpp "my::policy{}")
function(headgate_add_assignment_benchmark name header policy)
    find_package(benchmark CONFIG REQUIRED)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/benchmark.${name}.cpp)
    configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/assignment_benchmark.cpp.in ${source} @ONLY)
    add_executable(benchmark.${name} ${source})
    target_link_libraries(benchmark.${name} PRIVATE headgate::headgate benchmark::benchmark)
endfunction()
