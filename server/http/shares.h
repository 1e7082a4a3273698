// The share of a resource that each address may use, so that one cannot take all of it.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace qiao {

// The share of one address in `all`: a quarter, but at least 64, if `configured` is 0.
constexpr std::size_t share_of(std::size_t all, std::size_t configured) {
  constexpr std::size_t kLeast = 64;
  return configured != 0 ? configured : std::max(kLeast, all / 4);
}

// Thread-safe. Remembers only addresses that use something.
class AddressShares {
  struct Counts {
    std::mutex mutex;
    boost::unordered_flat_map<std::string, std::size_t> by_address;
    std::size_t all = 0;
  };

 public:
  // Counts until it is destroyed, on any thread, even after the AddressShares.
  class Place {
   public:
    Place(std::shared_ptr<Counts> counts, std::string address, std::size_t amount)
        : counts_(std::move(counts)), address_(std::move(address)), amount_(amount) {}
    Place(Place&&) = default;
    Place& operator=(Place&& other) noexcept {
      std::swap(counts_, other.counts_);
      std::swap(address_, other.address_);
      std::swap(amount_, other.amount_);
      return *this;
    }
    ~Place() {
      if (counts_ == nullptr) return;
      const std::lock_guard lock(counts_->mutex);
      const auto at = counts_->by_address.find(address_);
      at->second -= amount_;
      counts_->all -= amount_;
      if (at->second == 0) counts_->by_address.erase(at);
    }

   private:
    std::shared_ptr<Counts> counts_;
    std::string address_;
    std::size_t amount_;
  };

  // Of one address, and in total.
  explicit AddressShares(std::size_t most,
                         std::size_t most_of_all = std::numeric_limits<std::size_t>::max())
      : most_(most), most_of_all_(most_of_all) {}

  // One unit. Nothing if the address has used its share. `address` as client_key() returns it.
  std::optional<Place> take(const std::string& address) {
    const std::lock_guard lock(counts_->mutex);
    if (used_up(address)) return std::nullopt;
    return count(address, 1);
  }
  // Whether the address has used its share, or more than a little if the total is used up.
  bool is_used_up(const std::string& address) const {
    const std::lock_guard lock(counts_->mutex);
    return used_up(address);
  }
  // This many (not 0), even beyond the share.
  Place add(const std::string& address, std::size_t amount) {
    const std::lock_guard lock(counts_->mutex);
    return count(address, amount);
  }

 private:
  // With the lock held.
  bool used_up(const std::string& address) const {
    const auto at = counts_->by_address.find(address);
    const std::size_t own = at == counts_->by_address.end() ? 0 : at->second;
    // If some have used up everything, others may still use a little.
    return own >= most_ || (counts_->all >= most_of_all_ && own >= most_ / kLittle);
  }
  Place count(const std::string& address, std::size_t amount) {
    counts_->by_address[address] += amount;
    counts_->all += amount;
    return Place(counts_, address, amount);
  }

  static constexpr std::size_t kLittle = 16;
  const std::size_t most_;
  const std::size_t most_of_all_;
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace qiao
