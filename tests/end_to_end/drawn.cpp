// SPDX-License-Identifier: BSL-1.0
// Loaded before the libraries of a controller: what it draws for itself, the secrets of its generations among it, stands
// as digits in the file that DRAWN names, a line a draw. So a test knows what to look for (I17).
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string>

extern "C" int RAND_priv_bytes(unsigned char* bytes, int count) {
    using draw = int (*)(unsigned char*, int);
    static const auto drawn = reinterpret_cast<draw>(dlsym(RTLD_NEXT, "RAND_priv_bytes"));
    const int result = drawn(bytes, count);
    std::string digits;
    for (int i = 0; i < count; ++i) {
        constexpr const char* hex = "0123456789abcdef";
        (digits += hex[bytes[i] >> 4]) += hex[bytes[i] & 15];
    }
    if (std::FILE* const file = std::fopen(std::getenv("DRAWN"), "a")) {
        std::fprintf(file, "%s\n", digits.c_str());
        std::fclose(file);
    }
    return result;
}
