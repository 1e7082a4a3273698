#pragma once

#include <cstddef>
#include <vector>

namespace qiao {

// An array without an end, allocated by pages when an element is first used. Unlike a hash map or a
// vector it never moves its elements to grow: with a million of them that takes tens of
// milliseconds at once, for which the market thread has no time.
template <class T>
class PagedArray {
 public:
  // T{} if it was not used before.
  T& operator[](std::size_t index) {
    const std::size_t page = index / kPage;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (pages_[page].empty()) pages_[page].resize(kPage);
    return pages_[page][index % kPage];
  }

 private:
  static constexpr std::size_t kPage = 1024;
  std::vector<std::vector<T>> pages_;
};

}  // namespace qiao
