#include <headgate/protobuf/convert.hpp>
#include <headgate/grpc/channel.hpp>
