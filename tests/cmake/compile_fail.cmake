# add_compile_fail(<file>): the file must not compile, and what the compiler says first must match the regular expressions
# on the file's first lines, `// expect: <regex>`. With CONTROL defined it must compile, which shows that it fails for the
# stated reason.
set(compile_fail_check ${CMAKE_CURRENT_LIST_DIR}/check_compile_fail.cmake)

function(add_compile_fail file)
    get_filename_component(name ${file} NAME_WE)
    add_library(compile_fail.${name}.control OBJECT ${file})
    target_link_libraries(compile_fail.${name}.control PRIVATE headgate::headgate)
    target_compile_definitions(compile_fail.${name}.control PRIVATE CONTROL)

    add_library(compile_fail.${name} OBJECT EXCLUDE_FROM_ALL ${file})
    target_link_libraries(compile_fail.${name} PRIVATE headgate::headgate)
    headgate_add_test(compile_fail.${name} COMMAND ${CMAKE_COMMAND}
                      -D FILE=${file} -D BUILD=${PROJECT_BINARY_DIR} -D TARGET=compile_fail.${name} -P ${compile_fail_check})
    set_tests_properties(compile_fail.${name} PROPERTIES RESOURCE_LOCK build_tree)
endfunction()
