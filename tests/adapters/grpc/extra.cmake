# A stranger of the tests speaks the wire by itself.
target_link_libraries(${target} PRIVATE gRPC::grpc++ headgate::protobuf)
target_compile_definitions(${target} PRIVATE HEADGATE_AUTHORITY_SCRIPT="${PROJECT_SOURCE_DIR}/scripts/authority")
