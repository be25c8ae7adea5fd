# headgate_add_assignment_benchmark(<name> <header> <policy> [LINK <target>...])
#
# An executable benchmark.<name> that puts the policy, an expression such as "my::policy{}" from <header>, beside
# headgate's own and what others do: a table of quality over random jobs, then times with ratios and growth curves.
# <header> is looked for in the current folders, in those of LINK and in headgate's. Needs Google Benchmark. The name is
# not "ours", which is that of headgate's policies alone.
#
#     find_package(headgate CONFIG REQUIRED)
#     headgate_add_assignment_benchmark(mine my/policy.hpp "my::policy{}" LINK my_library)
include(${CMAKE_CURRENT_LIST_DIR}/headgateFindHeader.cmake)

function(headgate_add_assignment_benchmark name header policy)
    cmake_parse_arguments(PARSE_ARGV 3 arg "" "" "LINK")
    set(caller "headgate_add_assignment_benchmark(${name})")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "${caller}: what is ${arg_UNPARSED_ARGUMENTS}?")
    endif()
    cmake_path(SET headgates NORMALIZE ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../benchmarks)
    if("${name}" STREQUAL "ours" AND NOT CMAKE_CURRENT_SOURCE_DIR STREQUAL headgates)
        message(FATAL_ERROR "${caller}: this is the name of headgate's policies alone; yours needs one of its own")
    endif()
    headgate_find_header(${caller} ${header} headgate::headgate ${arg_LINK})
    find_package(benchmark CONFIG REQUIRED)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/benchmark.${name}.cpp)
    configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/assignment_benchmark.cpp.in ${source} @ONLY)
    add_executable(benchmark.${name} ${source})
    target_link_libraries(benchmark.${name} PRIVATE headgate::headgate ${arg_LINK} benchmark::benchmark)
    target_include_directories(benchmark.${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
