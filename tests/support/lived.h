// A database on disk that has rows of every kind, for tests that damage it.
#pragma once

#include <rocksdb/db.h>

#include <filesystem>
#include <map>
#include <string>

#include "engine/rows/invariants.h"
#include "qiao/v1/clearing.pb.h"
#include "tests/support/durable_city.h"
#include "tests/support/files.h"
#include "tools/io/temporary_folder.h"

namespace qiao {

inline std::string flipped(std::string bytes, std::size_t at) {
  if (!bytes.empty()) bytes[std::min(at, bytes.size() - 1)] ^= 0x20;
  return bytes;
}

// Every file in a folder, by name.
inline std::map<std::string, std::string> files_of(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    files[entry.path().filename().string()] = read_file(entry.path());
  }
  return files;
}

inline std::unique_ptr<Store> must_open(const std::string& path) {
  auto store = Store::open(path, Store::Mode::kCreateIfMissing);
  EXPECT_TRUE(store) << (store ? "" : store.error().message);
  return store ? std::move(store).value() : nullptr;
}

// Kept answers and clearings as they are on disk.
inline std::string kept_beside_rows(const Store& store) {
  std::string all;
  for (auto* family : {store.dedup(), store.clearing()}) {
    const std::unique_ptr<rocksdb::Iterator> it(
        const_cast<Store&>(store).db().NewIterator({}, family));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      all += it->key().ToString() + " " + it->value().ToString() + "\n";
    }
  }
  return all;
}

// A database with rows in every table, in files and in its log, and a copy of it as it was some
// commands before.
struct Lived {
  TemporaryFolder folder;
  Seq last = 0;
  std::uint64_t digest_of_rows = 0;
  std::string beside_rows;

  Lived() {
    {
      const auto store = must_open(path());
      DurableCity city(*store);
      live(city);
      make_the_rest(city);
      for (int i = 0; i < 5; ++i) keep_beside_rows(*store, i);
      EXPECT_TRUE(store->flush());
      post(city, 5);
    }
    std::filesystem::copy(path(), folder / "earlier", std::filesystem::copy_options::recursive);
    {
      const auto store = must_open(path());
      RankedMarket market;
      EXPECT_TRUE(store->load(market));
      for (int i = 0; i < 40; ++i) post(*store, market, i);
      // The last write has no events.
      for (int i = 5; i < 10; ++i) keep_beside_rows(*store, i);
      last = store->last_seq();
      digest_of_rows = digest(market.state());
      beside_rows = kept_beside_rows(*store);
    }
  }
  std::string path() const { return folder / "db"; }
  std::string key() const { return path() + ".key"; }

  static void post(DurableCity& city, int times) {
    for (int i = 0; i < times; ++i) {
      pb::Command c = by(pb::ROLE_LEAD);
      *c.mutable_post_need()->mutable_need() = need().people(1 + i);
      city.keep(c);
    }
  }
  static void post(Store& store, Market& market, int i) {
    pb::Command c = by(pb::ROLE_LEAD);
    *c.mutable_post_need()->mutable_need() = need().people(1 + i);
    const auto applied = market.apply(c, at(10));
    ASSERT_TRUE(applied);
    Group group;
    group.add(applied.value().events, market.state(), store);
    ASSERT_TRUE(store.commit(group));
  }

  // Rows of the kinds that live() makes none of.
  static void make_the_rest(DurableCity& city) {
    city.now = at(9);  // not in the hours in which nobody is told
    const State& state = city.state();
    pb::Command posted = by(pb::ROLE_LEAD);
    *posted.mutable_post_need()->mutable_need() = need().people(2);
    const std::uint64_t open_need = city.keep(posted);
    pb::Command told = by(pb::ROLE_MARKET);
    pb::Notification& n = *told.mutable_notify()->add_notifications();
    n.set_party_id(state.parties()[0].id.value());
    n.set_need_id(open_need);
    n.set_line(1);
    n.set_offer_id(state.offers()[0].id.value());
    city.keep(told);
    pb::Command account = by(pb::ROLE_MARKET);
    account.mutable_put_account()->mutable_account()->set_login("lead");
    account.mutable_put_account()->mutable_account()->set_role(pb::ROLE_LEAD);
    pb::Command granted = by(pb::ROLE_MARKET);
    pb::Grant& g = *granted.mutable_add_grant()->mutable_grant();
    g.set_account_id(city.keep(account));
    g.set_kind(pb::GRANT_KIND_SESSION);
    g.set_secret_hash(std::string(64, 'a'));
    g.set_expires_at(to_int(city.now) + 86'400);
    city.keep(granted);
  }

  static void keep_beside_rows(Store& store, int i) {
    Group group;
    pb::StoredResponse response;
    response.set_status(201);
    pb::BatchResponse message;
    group.add_response("key-" + std::to_string(i), response, message, at(i), store);
    pb::Clearing clearing;
    clearing.set_id(static_cast<std::uint64_t>(i) + 1);
    clearing.set_state(pb::CLEARING_STATE_DONE);
    group.put_clearing(clearing.id(), ClearingPart::kSummary, clearing.SerializeAsString(), store);
    EXPECT_TRUE(store.commit(group));
  }
};

}  // namespace qiao
