# Each file is played and its trace compared: a test each. After a change that is meant: `headgate-simulate --scenario FILE
# --rewrite`, and read the difference.
file(GLOB scenarios CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.txt)
foreach(scenario IN LISTS scenarios)
    cmake_path(GET scenario STEM name)
    headgate_add_test(scenarios.${name} COMMAND headgate-simulate --scenario ${scenario})
endforeach()
