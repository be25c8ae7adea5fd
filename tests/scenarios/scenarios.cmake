# Each file is played and its trace compared: a test each. After a change that is meant: `headgate-simulate --scenario FILE
# --rewrite`, and read the difference. What a scenario is there for stands in its `expect` lines, which no rewriting changes.
file(GLOB scenarios CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.txt)
foreach(scenario IN LISTS scenarios)
    cmake_path(GET scenario STEM name)
    headgate_add_test(scenarios.${name} COMMAND headgate-simulate --scenario ${scenario})
endforeach()
set(unsaid expects_what_nobody_says)
headgate_add_test(scenarios.refuses_one_that_${unsaid}
                  COMMAND headgate-simulate --scenario ${CMAKE_CURRENT_LIST_DIR}/refused/${unsaid}.txt)
headgate_set_tests_properties(scenarios.refuses_one_that_${unsaid} PROPERTIES
                     PASS_REGULAR_EXPRESSION "expect job-1: Created -> Compiling: no line says so")
