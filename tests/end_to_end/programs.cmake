# Each file in scenarios/ is a test. Included by examples/, whose programs they run.
file(GLOB scenarios CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_LIST_DIR}/scenarios ${CMAKE_CURRENT_LIST_DIR}/scenarios/*)
foreach(scenario IN LISTS scenarios)
    headgate_add_test(end_to_end.${scenario}
                      COMMAND ${CMAKE_CURRENT_LIST_DIR}/programs ${scenario} $<TARGET_FILE:headgate-controller>
                              $<TARGET_FILE:headgate-worker> $<TARGET_FILE:headgate-job>)
endforeach()
