target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-O1>)
set_tests_properties(${test} PROPERTIES TIMEOUT 900)
