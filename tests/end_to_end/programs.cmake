# Each scenario of `programs` is a test. Included by examples/, whose programs they run.
foreach(scenario counts killed_worker killed_before_it_connects stopped_worker killed_controller two_controllers
                 forced_stops bad_workers bad_input)
    headgate_add_test(end_to_end.${scenario}
                      COMMAND ${CMAKE_CURRENT_LIST_DIR}/programs ${scenario} $<TARGET_FILE:headgate-controller>
                              $<TARGET_FILE:headgate-worker> $<TARGET_FILE:headgate-job>)
endforeach()
