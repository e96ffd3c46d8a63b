// SPDX-License-Identifier: MIT
// The parameters and results of a handler: who calls (caller.hpp), parts of the path, the query string, the body,
// If-Match. They are plain values; extract.hpp reads them from a request, answers.hpp turns results into responses. A
// slice's header needs only this file to declare handlers.
#pragma once

#include <agora/http/caller.hpp>
#include <agora/http/entity_tag.hpp>
#include <cstdint>
#include <string>
#include <utility>

namespace agora::http {

enum class read_from : std::uint8_t { path, query, body, form };

/// A value that is read from a part of the request: see path, query and body.
template <class T, read_from Part>
class parameter {
 public:
    explicit parameter(T v) : value{std::move(v)} {}
    const T* operator->() const noexcept { return &value; }
    const T& operator*() const noexcept { return value; }
    T value;
};

/// A typed path parameter; `std::int64_t` or `std::string`.
template <class T>
using path = parameter<T, read_from::path>;

/// The query string, read into a described struct whose members are optional or have defaults. A value of the wrong
/// type is a 422 that names the parameter. Unknown parameters are ignored, because proxies add their own.
template <class T>
using query = parameter<T, read_from::query>;

/// The JSON body, read strictly into a described struct (larder/json.hpp): 400 when it is not JSON, 415 when
/// Content-Type is not JSON, 422 with every field that is unknown, missing or of the wrong type. A std::optional struct
/// is empty when the request has no body.
template <class T>
using body = parameter<T, read_from::body>;

/// The fields of an HTML form (application/x-www-form-urlencoded), read into a described struct of texts, optional
/// texts, integers and bools (checkboxes). Missing fields keep their defaults, unknown ones are ignored, line ends
/// become "\n". 415 for another Content-Type, 400 when the encoding is malformed; a value of the wrong type is a 422.
template <class T>
using form = parameter<T, read_from::form>;

/// A result without a value: 204.
class no_content {};

/// A result that was made at a location: 201. It has a constructor because g++ 12 destroys aggregates twice
/// (docs/decisions/0005-coroutines.md).
template <class T>
class created {
 public:
    created(std::string where, T made) : location{std::move(where)}, value{std::move(made)} {}
    std::string location;
    T value;
};

/// A result that goes on in the background: 202. Its progress may be at a location.
template <class T>
class accepted {
 public:
    explicit accepted(T state) : value{std::move(state)} {}
    accepted(std::string where, T state) : location{std::move(where)}, value{std::move(state)} {}
    std::string location;
    T value;
};

}  // namespace agora::http
