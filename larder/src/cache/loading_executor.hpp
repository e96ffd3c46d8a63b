// SPDX-License-Identifier: MIT
// The executor that loaders run on. It wraps the caller's executor in a type of its own, by which the cache recognises
// calls from inside a loader (cache::inside_load). Everything that a loader awaits inherits it.
#pragma once

#include <boost/asio/any_io_executor.hpp>

namespace larder::detail {

class loading_executor {
    using any = boost::asio::any_io_executor;

 public:
    // A function instead of a constructor from `any`: every executor converts to `any`, so checking whether this class
    // converts, too, would ask whether it is an executor, which is circular.
    static loading_executor on(any inner)
    {
        loading_executor out;
        out.inner_ = std::move(inner);
        return out;
    }

    template <class F>
    void execute(F&& f) const
    {
        inner_.execute(std::forward<F>(f));
    }
    // Constrained by enable_if on the results, because constraints with concepts would depend on themselves.
    template <class Property>
    typename std::enable_if_t<boost::asio::can_query<const any&, Property>::value,
                              boost::asio::query_result<const any&, Property>>::type
    query(const Property& p) const
    {
        return boost::asio::query(inner_, p);
    }
    template <class Property>
    std::enable_if_t<boost::asio::can_require<const any&, Property>::value, loading_executor> require(
        const Property& p) const
    {
        return on(boost::asio::require(inner_, p));
    }
    template <class Property>
    std::enable_if_t<boost::asio::can_prefer<const any&, Property>::value, loading_executor> prefer(
        const Property& p) const
    {
        return on(boost::asio::prefer(inner_, p));
    }
    friend bool operator==(const loading_executor& a, const loading_executor& b) noexcept
    {
        return a.inner_ == b.inner_;
    }
    friend bool operator!=(const loading_executor& a, const loading_executor& b) noexcept { return !(a == b); }

 private:
    loading_executor() = default;
    any inner_;
};

}  // namespace larder::detail
