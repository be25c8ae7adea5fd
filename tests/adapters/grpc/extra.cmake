# A stranger of the tests speaks the wire by itself.
target_link_libraries(${target} PRIVATE gRPC::grpc++ headgate::protobuf)
target_compile_definitions(${target} PRIVATE HEADGATE_SOURCE="${PROJECT_SOURCE_DIR}")
