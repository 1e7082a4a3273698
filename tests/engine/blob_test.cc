#include "engine/rows/blob.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/base/random.h"

namespace qiao {
namespace {

TEST(Blob, KeepsItsBytesWhereverItGoes) {
  Blob none;
  EXPECT_FALSE(none);
  Blob empty{std::string_view()};
  EXPECT_TRUE(empty);
  EXPECT_EQ(empty.view(), "");
  Blob a("桥");
  const std::string_view before = a.view();
  Blob b = std::move(a);
  EXPECT_FALSE(a);
  EXPECT_EQ(b.view().data(), before.data());
  none = std::move(b);
  EXPECT_EQ(none.view(), "桥");
}

TEST(BlobBatch, TakesWhatThereIsRoomFor) {
  BlobBatch batch(10);
  EXPECT_TRUE(batch.empty());
  EXPECT_FALSE(batch.add("12345678901"));
  EXPECT_TRUE(batch.empty());
  EXPECT_TRUE(batch.add("1234567890"));
  EXPECT_FALSE(batch.add(""));
  EXPECT_EQ(batch.take().view(), "1234567890");
  EXPECT_TRUE(batch.empty());
}

// Blobs of batches and of their own, dropped and put in each other's place in any order, beside
// plain strings; the address sanitizer sees what is freed too early, too late or twice.
TEST(BlobBatch, IsThereAsLongAsAnyOfItsBlobs) {
  Random random(5);
  std::vector<std::pair<Blob, std::string>> all;
  std::vector<BlobBatch> batches;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text(random.below(60), static_cast<char>('a' + random.below(26)));
    const auto choice = random.below(10);
    if (choice == 0) {
      batches.emplace_back(400);
    } else if (choice == 1 && !batches.empty()) {
      // With what has not been taken from it.
      batches.pop_back();
    } else if (choice < 5 && !batches.empty() && batches.back().add(text)) {
      all.emplace_back(batches.back().take(), text);
    } else if (choice < 7) {
      all.emplace_back(Blob(text), text);
    } else if (all.size() > 1) {
      auto& other = all[random.below(all.size())];
      other = std::move(all.back());
      all.pop_back();
    }
    if (!all.empty()) {
      const auto& [blob, expected] = all[random.below(all.size())];
      ASSERT_EQ(blob ? blob.view() : "", expected);
    }
  }
}

}  // namespace
}  // namespace qiao
