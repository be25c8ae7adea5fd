# cmake -D FILE=<file> -D BUILD=<build tree> -D TARGET=<target> -P check_compile_fail.cmake
# Fails if the target builds, or if an `// expect: <regex>` of the file does not match what the compiler says first: of its
# lines that say something (an error, a note, or what is instantiated; not where it was included from, and not the source)
# the first three. Prints them.
cmake_minimum_required(VERSION 3.25)  # a -P script has no policies of its own

file(STRINGS ${FILE} expected REGEX "^// expect: ")
if(NOT expected)
    message(FATAL_ERROR "${FILE} does not say on a line `// expect: <regex>` how it fails")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} --target ${TARGET}
                RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(code EQUAL 0)
    message(FATAL_ERROR "${FILE} compiles")
endif()

# What a list in CMake would be split or joined at.
string(REPLACE ";" "," output "${output}")
string(REPLACE "[" "(" output "${output}")
string(REPLACE "]" ")" output "${output}")
string(REPLACE "\n" ";" lines "${output}")
set(first "")
foreach(line IN LISTS lines)
    list(LENGTH first count)
    if(count LESS 3 AND line MATCHES ": (fatal )?(error|note): |: In instantiation of ")
        list(APPEND first "${line}")
    endif()
endforeach()
list(JOIN first "\n" first)
message("${first}")
foreach(line IN LISTS expected)
    string(REPLACE "// expect: " "" regex "${line}")
    if(NOT first MATCHES "${regex}")
        message(SEND_ERROR "the first lines do not match `${regex}`")
    endif()
endforeach()
