#include <headgate/grpc/channel.hpp>
#include <headgate/protobuf/convert.hpp>
