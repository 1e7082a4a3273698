// How many of something each address may have at a time, so that one cannot take what is for all.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace qiao {

// What one address may have of `all`: a quarter, but at least 64, where `configured` is 0.
constexpr std::size_t share_of(std::size_t all, std::size_t configured) {
  constexpr std::size_t kLeast = 64;
  return configured != 0 ? configured : std::max(kLeast, all / 4);
}

// Thread-safe. Remembers only addresses that have something.
class AddressShares {
  struct Counts {
    std::mutex mutex;
    boost::unordered_flat_map<std::string, std::size_t> by_address;
  };

 public:
  // Counts as one until it is destroyed, on any thread, also after the AddressShares.
  class Place {
   public:
    Place(std::shared_ptr<Counts> counts, std::string address)
        : counts_(std::move(counts)), address_(std::move(address)) {}
    Place(Place&&) = default;
    Place& operator=(Place&& other) noexcept {
      std::swap(counts_, other.counts_);
      std::swap(address_, other.address_);
      return *this;
    }
    ~Place() {
      if (counts_ == nullptr) return;
      const std::lock_guard lock(counts_->mutex);
      const auto at = counts_->by_address.find(address_);
      if (--at->second == 0) counts_->by_address.erase(at);
    }

   private:
    std::shared_ptr<Counts> counts_;
    std::string address_;
  };

  explicit AddressShares(std::size_t most) : most_(most) {}

  // Nothing where the address has its share already. `address` as client_key() gives it.
  std::optional<Place> take(const std::string& address) {
    const std::lock_guard lock(counts_->mutex);
    std::size_t& count = counts_->by_address[address];
    if (count >= most_) return std::nullopt;
    ++count;
    return Place(counts_, address);
  }

 private:
  const std::size_t most_;
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace qiao
