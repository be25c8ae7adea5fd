# waits_for.test.cpp shows what machines on a stage wait for.
target_sources(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/machine/stage.support.cpp)
