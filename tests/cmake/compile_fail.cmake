# add_compile_fail(<file>): the file must not compile, and the error must match the regular expression on its first
# line, `// expect: <regex>`. With CONTROL defined it must compile, which shows that it fails for the stated reason.
function(add_compile_fail file)
    get_filename_component(name ${file} NAME_WE)
    file(STRINGS ${file} expect LIMIT_COUNT 1 REGEX "^// expect: ")
    string(REPLACE "// expect: " "" expect "${expect}")
    if(NOT expect)
        message(FATAL_ERROR "${file} does not say on a line `// expect: <regex>` how it fails")
    endif()

    add_library(compile_fail.${name}.control OBJECT ${file})
    target_link_libraries(compile_fail.${name}.control PRIVATE headgate::headgate)
    target_compile_definitions(compile_fail.${name}.control PRIVATE CONTROL)

    add_library(compile_fail.${name} OBJECT EXCLUDE_FROM_ALL ${file})
    target_link_libraries(compile_fail.${name} PRIVATE headgate::headgate)
    headgate_add_test(compile_fail.${name}
                      COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target compile_fail.${name})
    # A matching error message is the pass condition; ctest ignores the exit code then.
    set_tests_properties(compile_fail.${name} PROPERTIES PASS_REGULAR_EXPRESSION "${expect}" RESOURCE_LOCK build_tree)
endfunction()
