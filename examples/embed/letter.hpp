#pragma once
// SPDX-License-Identifier: BSL-1.0
// How this controller has always written its messages: numbers as they lie in memory, what has a length after its
// length, all else member by member. headgate's words are values whose members can be seen, so that they need no code
// of their own.

#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/packed_strings.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace mine {

namespace detail {

template <class T>
concept number = std::is_arithmetic_v<T> or std::is_enum_v<T>;
template <class T>
concept pointer = requires(const T& one) {
    typename T::element_type;
    one.get();
};
template <class T>
concept maybe = requires(const T& one) {
    one.has_value();
};
template <class T>
concept time_span = requires(const T& one) {
    one.count();
};
template <class T>
concept list = requires(T& one) {
    one.begin();
    one.size();
};
template <class T>
concept choice = requires(const T& one) {
    one.index();
};

}  // namespace detail

struct writer {
    std::string bytes{};

    template <class T>
    void operator()(const T& one) {
        if constexpr (detail::number<T>) {
            bytes.append(reinterpret_cast<const char*>(&one), sizeof one);
        } else if constexpr (detail::time_span<T>) {
            (*this)(one.count());
        } else if constexpr (std::same_as<T, headgate::packed_strings>) {
            (*this)(one.size());
            for (std::size_t i = 0; i < one.size(); ++i) (*this)(one[i]);
        } else if constexpr (detail::pointer<T> or detail::maybe<T>) {
            (*this)(static_cast<bool>(one));
            if (one) (*this)(*one);
        } else if constexpr (detail::choice<T>) {
            (*this)(one.index());
            std::visit(*this, one);
        } else if constexpr (detail::list<T>) {
            (*this)(one.size());
            for (const auto& each : one) (*this)(each);
        } else {
            headgate::fields::apply(one, [this](const auto&... member) { ((*this)(member), ...); });
        }
    }
};

/// What is cut short, too long or of no kind makes it bad, and is as if it was not there. Enumerations come as they
/// are.
struct reader {
    std::string_view left{};
    bool is_good = true;

    template <class T>
    void operator()(T& one) {
        if constexpr (std::same_as<T, bool>) {
            const auto byte = read<std::uint8_t>();
            is_good = is_good and byte <= 1;
            one = byte == 1;
        } else if constexpr (detail::number<T>) {
            if (not(is_good = is_good and left.size() >= sizeof one)) return;
            std::memcpy(&one, left.data(), sizeof one);
            left.remove_prefix(sizeof one);
        } else if constexpr (detail::time_span<T>) {
            one = T(read<typename T::rep>());
        } else if constexpr (std::same_as<T, headgate::packed_strings>) {
            for (auto size = read<std::size_t>(); is_good and size > 0; --size)
                is_good = one.push_back(read<std::string>()) and is_good;
        } else if constexpr (detail::pointer<T>) {
            if (read<bool>()) one = std::make_shared<T_of<T>>(read<T_of<T>>());
        } else if constexpr (detail::maybe<T>) {
            if (read<bool>()) one = read<typename T::value_type>();
        } else if constexpr (detail::choice<T>) {
            choose(one, read<std::size_t>(), std::make_index_sequence<std::variant_size_v<T>>());
        } else if constexpr (detail::list<T>) {
            const auto size = read<std::size_t>();
            if (not(is_good = is_good and size <= left.size())) return;
            if constexpr (requires { one.resize(size); })
                one.resize(size);
            else if (not(is_good = size == one.size()))
                return;
            for (auto& each : one) (*this)(each);
        } else {
            headgate::fields::apply(one, [this](const auto&... member) {
                ((*this)(const_cast<std::remove_cvref_t<decltype(member)>&>(member)), ...);  // `one` is not const
            });
        }
    }

private:
    template <class T>
    using T_of = std::remove_const_t<typename T::element_type>;

    template <class T>
    T read() {
        T made{};
        (*this)(made);
        return made;
    }
    template <class T, std::size_t... Index>
    void choose(T& one, std::size_t which, std::index_sequence<Index...>) {
        is_good = is_good and which < sizeof...(Index);
        (void)((is_good and which == Index and ((*this)(one.template emplace<Index>()), true)) or ...);
    }
};

template <class T>
std::string written(const T& what) {
    writer to;
    to(what);
    return std::move(to.bytes);
}

/// The inverse of `written`; nothing if these are no bytes of it.
template <class T>
std::optional<T> read(std::string_view bytes) {
    reader from{.left = bytes};
    std::optional<T> made(std::in_place);
    from(*made);
    if (not from.is_good or not from.left.empty()) made.reset();
    return made;
}

}  // namespace mine
