# cmake -D COMPILER=<clang++> -D INCLUDE=<include> -D COUNTS=<file> -P check_instantiations.cmake
# Fails if a source beside COUNTS makes the compiler instantiate 3 % more templates, or fewer, than COUNTS has: that is
# what including costs everybody, and seconds are too unsteady to hold it.
cmake_minimum_required(VERSION 3.25)  # a -P script has no policies of its own

cmake_path(GET COUNTS PARENT_PATH folder)
file(STRINGS ${COUNTS} lines REGEX "^[^#]")
foreach(line IN LISTS lines)
    string(REGEX MATCH "^([^ ]+) ([0-9]+) ([0-9]+)$" is_read "${line}")
    if(NOT is_read)
        message(FATAL_ERROR "${COUNTS}: not a source and two numbers: ${line}")
    endif()
    set(source ${CMAKE_MATCH_1})
    set(had ${CMAKE_MATCH_2} ${CMAKE_MATCH_3})
    set(trace ${CMAKE_CURRENT_BINARY_DIR}/${source}.json)
    # Its totals are of the outermost alone, so each is told, and counted here: hundreds of megabytes, for a moment.
    execute_process(COMMAND ${COMPILER} -std=c++20 -I${INCLUDE} -c ${folder}/${source} -o ${trace}.o -ftime-trace=${trace}
                            -ftime-trace-granularity=0
                    COMMAND_ERROR_IS_FATAL ANY)
    set(has)
    foreach(what Class Function)
        execute_process(COMMAND grep -o "\"name\":\"Instantiate${what}\"" ${trace} COMMAND wc -l
                        OUTPUT_VARIABLE count OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
        list(APPEND has ${count})
    endforeach()
    file(REMOVE ${trace} ${trace}.o)
    list(JOIN has " " now)
    message(STATUS "${source} ${now}")
    foreach(before after IN ZIP_LISTS had has)
        math(EXPR most "${before} * 103")
        math(EXPR least "${before} * 97")
        math(EXPR percent "${after} * 100")
        if(percent GREATER most OR percent LESS least)
            message(SEND_ERROR "${source} instantiates ${after} templates, it was ${before}. If that is meant, put "
                               "\"${source} ${now}\" into ${COUNTS}")
        endif()
    endforeach()
endforeach()
