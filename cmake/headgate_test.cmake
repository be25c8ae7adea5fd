# How every test of ours is registered, those of examples/ included.

# Sanitizers find their options here, so that plain ctest does all.
set(headgate_test_environment "")
if(HEADGATE_SANITIZE MATCHES undefined)
    list(APPEND headgate_test_environment UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1)
endif()
if(HEADGATE_SANITIZE MATCHES address)
    list(APPEND headgate_test_environment
         ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1)
endif()
if(HEADGATE_SANITIZE MATCHES thread)
    set(suppressions ${PROJECT_SOURCE_DIR}/tests/cmake/tsan.suppressions)
    # A suppression works only where the older of two stacks is still remembered.
    set(options halt_on_error=1:second_deadlock_stack=1:history_size=7:ignore_noninstrumented_modules=1)
    list(APPEND headgate_test_environment TSAN_OPTIONS=${options}:suppressions=${suppressions})
endif()

# headgate_add_test(<name> COMMAND ...): add_test with our environment and a limit of five minutes. Where this project is
# part of another, whose ctest is not ours to fill, only if that asks for our tests.
if(PROJECT_IS_TOP_LEVEL OR HEADGATE_BUILD_TESTS)
    set(headgate_has_tests TRUE)
else()
    set(headgate_has_tests FALSE)
endif()
function(headgate_add_test name)
    if(NOT headgate_has_tests)
        return()
    endif()
    add_test(NAME ${name} ${ARGN})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
    set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT ${headgate_test_environment})
endfunction()

# headgate_set_tests_properties(...): set_tests_properties of tests that headgate_add_test added.
function(headgate_set_tests_properties)
    if(headgate_has_tests)
        set_tests_properties(${ARGV})
    endif()
endfunction()

# headgate_add_boost_test(<name> SOURCES <file>... [LINK <target>...]): the executable tests.<name> and its test <name>.
function(headgate_add_boost_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
    add_executable(tests.${name} ${arg_SOURCES})
    target_link_libraries(tests.${name} PRIVATE headgate::headgate tests.main ${arg_LINK})
    headgate_add_test(${name} COMMAND tests.${name} --color_output=no --log_level=error --catch_system_errors=no
                      --detect_memory_leaks=0)
endfunction()

# headgate_all_targets(<variable> <target>...): whether all of these exist here.
function(headgate_all_targets variable)
    set(${variable} TRUE PARENT_SCOPE)
    foreach(target IN LISTS ARGN)
        if(NOT TARGET ${target})
            set(${variable} FALSE PARENT_SCOPE)
        endif()
    endforeach()
endfunction()
