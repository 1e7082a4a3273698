// How much of something each address may have at a time, so that one cannot take what is for all.
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
    std::size_t all = 0;
  };

 public:
  // Counts until it is destroyed, on any thread, also after the AddressShares.
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

  // Of one address, and of all.
  explicit AddressShares(std::size_t most,
                         std::size_t most_of_all = std::numeric_limits<std::size_t>::max())
      : most_(most), most_of_all_(most_of_all) {}

  // One. Nothing where the address has its share already. `address` as client_key() gives it.
  std::optional<Place> take(const std::string& address) {
    const std::lock_guard lock(counts_->mutex);
    if (used_up(address)) return std::nullopt;
    return count(address, 1);
  }
  // Whether the address has as much as it may, or more than a little where all have as much as they
  // may together.
  bool is_used_up(const std::string& address) const {
    const std::lock_guard lock(counts_->mutex);
    return used_up(address);
  }
  // So much (not 0), also where it is more than the share.
  Place add(const std::string& address, std::size_t amount) {
    const std::lock_guard lock(counts_->mutex);
    return count(address, amount);
  }

 private:
  // With the lock held.
  bool used_up(const std::string& address) const {
    const auto at = counts_->by_address.find(address);
    const std::size_t own = at == counts_->by_address.end() ? 0 : at->second;
    // Where all is used up by some, others still have a little.
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
