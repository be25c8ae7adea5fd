# A stranger of the tests speaks the wire by itself.
target_link_libraries(${target} PRIVATE gRPC::grpc++ headgate::protobuf)
