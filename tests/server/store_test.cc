#include "server/store/store.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sodium.h>

#include <fstream>
#include <functional>
#include <map>

#include "engine/rows/invariants.h"
#include "engine/rows/limits.h"
#include "server/runtime/threads.h"
#include "tests/support/durable_city.h"
#include "tools/io/temporary_folder.h"

namespace qiao {
namespace {

std::unique_ptr<Store> open(const std::string& path,
                            Store::Mode mode = Store::Mode::kCreateIfMissing,
                            const std::string& key = {}) {
  auto store = Store::open(path, mode, key);
  EXPECT_TRUE(store) << (store ? "" : store.error().message);
  return store ? std::move(store).value() : nullptr;
}

// What `look` says of the database of a city that has lived, after something was done to it behind
// its back.
template <class Spoil, class Look>
std::string with_spoiled(Spoil spoil, Look look) {
  TemporaryFolder folder;
  const auto store = open(folder / "db");
  {
    DurableCity c(*store);
    live(c);
  }
  spoil(*store);
  return look(*store);
}

TEST(Store, ARestartFromRowsIsTheSameMarketAndVerifies) {
  TemporaryFolder folder;
  std::uint64_t before = 0;
  {
    const auto store = open(folder / "db");
    DurableCity c(*store);
    live(c);
    before = digest(c.state());
  }
  const auto store = open(folder / "db", Store::Mode::kExisting);
  RankedMarket again;
  ASSERT_TRUE(store->load(again));
  EXPECT_EQ(digest(again.state()), before);
  const auto findings = verify(*store, make_ranking, [](Seq, Seq) {});
  ASSERT_TRUE(findings);
  EXPECT_TRUE(findings.value().empty());
}

// More rows than are read at once, by several threads: the same market, every time.
TEST(Store, ARestartOnThreadsIsTheSameMarket) {
  TemporaryFolder folder;
  std::uint64_t before = 0;
  std::optional<Time> due;
  {
    const auto store = open(folder / "db");
    DurableCity c(*store);
    live(c);
    for (int i = 0; i < 300; ++i) {
      pb::Command n = by(pb::ROLE_LEAD);
      pb::Need& posted = *n.mutable_post_need()->mutable_need();
      posted = need().people(2 + i % 5);
      posted.set_description(std::string(kMaxDescriptionBytes, 'x'));
      c.keep(n);
    }
    before = digest(c.state());
    due = c.market.next_tick();
  }
  const auto store = open(folder / "db", Store::Mode::kExisting);
  for (const unsigned threads : {1U, 2U, 4U, 4U, 4U}) {
    RankedMarket again;
    ASSERT_TRUE(store->load(again, on_threads(threads)));
    EXPECT_EQ(digest(again.state()), before);
    EXPECT_EQ(again.next_tick(), due);
    EXPECT_TRUE(check_invariants(again.state()).empty());
  }
}

TEST(Store, SaysWhichRowsAreDamagedOrMissing) {
  const auto with = [](auto spoil) {
    return with_spoiled(spoil, [](Store& store) {
      RankedMarket again;
      const auto loaded = store.load(again, on_threads(2));
      return loaded ? std::string() : loaded.error().message;
    });
  };
  const auto junk = [&](pb::Event::RowCase kind) {
    return with([&](Store& s) {
      const std::unique_ptr<rocksdb::Iterator> it(s.db().NewIterator({}, s.family(kind)));
      it->SeekToLast();
      s.db().Put({}, s.family(kind), it->key(), "\xff\xff\xff\xff");
    });
  };
  EXPECT_EQ(with([](Store&) {}), "");
  for (const auto& [kind, said] : {std::pair{pb::Event::kArea, "row 4 of area is damaged"},
                                   std::pair{pb::Event::kParty, "row 0 of party is damaged"},
                                   std::pair{pb::Event::kOffer, "row 0 of offer is damaged"},
                                   std::pair{pb::Event::kNeed, "row 19 of need is damaged"},
                                   std::pair{pb::Event::kPerson, "row 0 of person is damaged"},
                                   std::pair{pb::Event::kMatch, "row 19 of match is damaged"}}) {
    EXPECT_NE(junk(kind).find(said), std::string::npos) << junk(kind);
    EXPECT_NE(junk(kind).find("restore the last backup"), std::string::npos);
  }
  const auto without_area = [&](std::uint64_t code) {
    return with([&](Store& s) { s.db().Delete({}, s.family(pb::Event::kArea), big_endian(code)); });
  };
  EXPECT_NE(without_area(kTown).find("the parent of an area is missing"), std::string::npos)
      << without_area(kTown);
  // Both reference it; whichever is linked first says so.
  EXPECT_NE(without_area(kCommunity).find("is missing"), std::string::npos)
      << without_area(kCommunity);
  const auto without_party = with([](Store& s) {
    const std::unique_ptr<rocksdb::Iterator> it(
        s.db().NewIterator({}, s.family(pb::Event::kParty)));
    it->SeekToFirst();
    s.db().Delete({}, s.family(pb::Event::kParty), it->key());
  });
  EXPECT_NE(without_party.find("the party of an offer is missing"), std::string::npos)
      << without_party;
}

// A row may be whole as a message and still say what no market writes: it is refused, and nothing
// is counted with it. What loading says after `change` was made to the first row of a kind; empty
// where it is loaded.
std::string load_with(pb::Event::RowCase kind,
                      const std::function<void(google::protobuf::Message&)>& change) {
  return with_spoiled(
      [&](Store& s) {
        const std::unique_ptr<rocksdb::Iterator> it(s.db().NewIterator({}, s.family(kind)));
        it->SeekToFirst();
        const std::unique_ptr<google::protobuf::Message> row(State::row_type(kind).New());
        ASSERT_TRUE(row->ParseFromString(it->value().ToString()));
        change(*row);
        s.db().Put({}, s.family(kind), it->key(), row->SerializeAsString());
      },
      [](Store& store) {
        RankedMarket again;
        const auto loaded = store.load(again);
        return loaded ? std::string() : loaded.error().message;
      });
}

std::string load_with_need(const std::function<void(pb::Need&)>& change) {
  return load_with(pb::Event::kNeed, [&](auto& row) { change(static_cast<pb::Need&>(row)); });
}

std::string load_with_offer(const std::function<void(pb::Offer&)>& change) {
  return load_with(pb::Event::kOffer, [&](auto& row) { change(static_cast<pb::Offer&>(row)); });
}

TEST(Store, SaysWhichRowNoMarketWrites) {
  const auto need = load_with_need;
  const std::string bad_need = "row 0 of need is damaged";
  EXPECT_EQ(need([](pb::Need&) {}), "");
  EXPECT_NE(need([](pb::Need& n) { n.mutable_lines(0)->set_quantity(0); }).find(bad_need),
            std::string::npos);
  EXPECT_NE(need([](pb::Need& n) { n.clear_lines(); }).find(bad_need), std::string::npos);
  EXPECT_NE(need([](pb::Need& n) {
              while (n.lines_size() < 300) *n.add_lines() = n.lines(0);
            }).find(bad_need),
            std::string::npos);
  EXPECT_NE(
      need([](pb::Need& n) { n.mutable_lines(0)->mutable_window()->set_end(1); }).find(bad_need),
      std::string::npos);
  for (const std::uint32_t weekday : {0U, 8U, 4'000'000'000U}) {
    const std::string words = load_with_offer([&](pb::Offer& o) {
      pb::WeeklySlot& slot = *o.mutable_time()->add_weekly();
      slot.set_weekday(weekday);
      slot.set_end_minute(60);
    });
    EXPECT_NE(words.find("row 0 of offer is damaged"), std::string::npos)
        << weekday << " " << words;
  }
}

TEST(Store, RefusesRowsThatNoMarketWrites) {
  const auto refused_need = [](auto change) { return !load_with_need(change).empty(); };
  const auto refused_offer = [](auto change) { return !load_with_offer(change).empty(); };
  // Places outside the tables, times that do not fit into a sum, numbers that count nothing.
  EXPECT_TRUE(refused_need([](pb::Need& n) { n.mutable_point()->set_latitude_e7(INT32_MIN); }));
  EXPECT_TRUE(refused_need([](pb::Need& n) { n.set_deadline(INT64_MAX); }));
  EXPECT_TRUE(refused_need([](pb::Need& n) { n.set_state(static_cast<pb::NeedState>(77)); }));
  EXPECT_TRUE(refused_need([](pb::Need& n) {
    n.mutable_lines(0)->mutable_window()->set_end(n.lines(0).window().start() + 32 * 86'400);
  }));
  EXPECT_TRUE(refused_offer(
      [](pb::Offer& o) { o.mutable_time()->set_kind(static_cast<pb::TimeKind>(256)); }));
  EXPECT_TRUE(refused_offer(
      [](pb::Offer& o) { o.mutable_time()->add_exceptions()->set_date(20'261'399); }));
  // An id that no event had, for which a table would be made as long.
  EXPECT_TRUE(refused_need([](pb::Need& n) { n.set_id(std::uint64_t{1} << 35); }));
  // Areas that lie in each other.
  EXPECT_NE(load_with(pb::Event::kArea,
                      [](auto& row) { static_cast<pb::Area&>(row).set_parent_code(kCommunity); }),
            "");
  EXPECT_NE(load_with(pb::Event::kMatch,
                      [](auto& row) {
                        auto& match = static_cast<pb::Match&>(row);
                        match.set_state(pb::MATCH_STATE_ACCEPTED);
                        match.set_quantity(kMaxQuantity);
                      }),
            "");
  // Divided by when offers are ranked.
  EXPECT_NE(load_with(pb::Event::kPolicy,
                      [](auto& row) {
                        static_cast<pb::Policy&>(row).mutable_value()->set_half_distance_m(0);
                      }),
            "");
}

TEST(Verify, FindsARowThatWasChangedOneThatIsGoneAndAnEventThatIsGone) {
  const auto with = [](auto spoil) {
    return with_spoiled(spoil, [](Store& store) {
      const auto findings = verify(store, make_ranking, [](Seq, Seq) {});
      if (!findings) return findings.error().message;
      return findings.value().empty() ? std::string() : findings.value().front();
    });
  };
  const auto first_need = [](Store& s) {
    const std::unique_ptr<rocksdb::Iterator> it(s.db().NewIterator({}, s.family(pb::Event::kNeed)));
    it->SeekToFirst();
    return std::pair(it->key().ToString(), it->value().ToString());
  };
  EXPECT_EQ(with([](Store&) {}), "");
  EXPECT_NE(with([&](Store& s) {
              const auto [key, value] = first_need(s);
              pb::Need n;
              n.ParseFromString(value);
              n.set_title("改过");
              s.db().Put({}, s.family(pb::Event::kNeed), key, n.SerializeAsString());
            }).find("differs from the journal"),
            std::string::npos);
  EXPECT_NE(with([&](Store& s) {
              s.db().Delete({}, s.family(pb::Event::kNeed), first_need(s).first);
            }).find("damaged or references a missing row"),
            std::string::npos);
  EXPECT_NE(with([](Store& s) {
              s.db().Delete({}, s.journal(), big_endian(9));
            }).find("event 9 is missing"),
            std::string::npos);
  EXPECT_NE(with([](Store& s) {
              s.db().Put({}, s.journal(), big_endian(9), "junk");
            }).find("event 9 is not what was written"),
            std::string::npos);
}

TEST(Store, RefusesWhatIsNotItsOwn) {
  TemporaryFolder folder;
  EXPECT_NE(Store::open(folder / "none", Store::Mode::kExisting)
                .error()
                .message.find("there is no database"),
            std::string::npos);
  std::filesystem::create_directories(folder / "files");
  std::filesystem::copy_file("/etc/hostname", folder / "files/readme");
  EXPECT_NE(Store::open(folder / "files", Store::Mode::kCreateIfMissing)
                .error()
                .message.find("is not empty"),
            std::string::npos);
  // Git's.
  std::filesystem::copy_file("/etc/hostname", folder / "files/HEAD");
  const auto git = Store::open(folder / "files", Store::Mode::kCreateIfMissing);
  ASSERT_FALSE(git);
  EXPECT_FALSE(git.error().damaged);
  EXPECT_NE(git.error().message.find("is not empty"), std::string::npos) << git.error().message;
  {
    rocksdb::DB* other = nullptr;
    rocksdb::Options options;
    options.create_if_missing = true;
    ASSERT_TRUE(rocksdb::DB::Open(options, folder / "foreign", &other).ok());
    delete other;
  }
  EXPECT_NE(Store::open(folder / "foreign", Store::Mode::kCreateIfMissing)
                .error()
                .message.find("not Qiao's"),
            std::string::npos);
}

TEST(Store, RefusesANewerFormatWithWordsThatSayWhatToDo) {
  TemporaryFolder folder;
  { const auto store = open(folder / "db"); }
  {
    std::vector<std::string> names;
    rocksdb::DBOptions options;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(options, folder / "db", &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const auto& name : names) descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, folder / "db", descriptors, &handles, &db).ok());
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == "meta")
        db->Put({}, handles[i], "format", "qiao" + big_endian(kStoreFormat + 1));
    }
    for (auto* h : handles) db->DestroyColumnFamilyHandle(h);
    delete db;
  }
  const auto refused = Store::open(folder / "db", Store::Mode::kCreateIfMissing);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("newer Qiao"), std::string::npos);
  EXPECT_NE(refused.error().message.find("open it with that version"), std::string::npos);
}

// As format 1 left it: without the table of notifications.
TEST(Store, OpensWhatAnOlderFormatWroteAndLiftsIt) {
  TemporaryFolder folder;
  open(folder / "db").reset();
  const auto with_all =
      [&](const std::function<void(rocksdb::DB&,
                                   std::map<std::string, rocksdb::ColumnFamilyHandle*>&)>& what) {
        std::vector<std::string> names;
        ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, folder / "db", &names).ok());
        std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
        for (const auto& n : names) descriptors.emplace_back(n, rocksdb::ColumnFamilyOptions());
        std::vector<rocksdb::ColumnFamilyHandle*> handles;
        rocksdb::DB* db = nullptr;
        ASSERT_TRUE(rocksdb::DB::Open({}, folder / "db", descriptors, &handles, &db).ok());
        std::map<std::string, rocksdb::ColumnFamilyHandle*> by_name;
        for (std::size_t i = 0; i < names.size(); ++i) by_name[names[i]] = handles[i];
        what(*db, by_name);
        for (auto* h : handles) db->DestroyColumnFamilyHandle(h);
        delete db;
      };
  with_all([](rocksdb::DB& db, auto& families) {
    EXPECT_TRUE(db.DropColumnFamily(families.at("notification")).ok());
    EXPECT_TRUE(db.Put({}, families.at("meta"), "format", "qiao" + big_endian(1)).ok());
  });
  {
    // Looked at only, it stays as it is.
    const auto looked = Store::open(folder / "db", Store::Mode::kReadOnly);
    ASSERT_TRUE(looked) << looked.error().message;
    RankedMarket market;
    EXPECT_TRUE(looked.value()->load(market));
  }
  EXPECT_NE(open(folder / "db"), nullptr);
  with_all([](rocksdb::DB& db, auto& families) {
    EXPECT_TRUE(families.contains("notification"));
    std::string format;
    EXPECT_TRUE(db.Get({}, families.at("meta"), "format", &format).ok());
    EXPECT_EQ(format, "qiao" + big_endian(kStoreFormat));
  });
}

TEST(Store, ACrashWhileItIsMadeLeavesNothingInTheWay) {
  TemporaryFolder folder;
  // As far as a process had come that was killed: a database without its tables, under the name
  // that is not final.
  rocksdb::DB* half = nullptr;
  rocksdb::Options options;
  options.create_if_missing = true;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder / "db.new", &half).ok());
  delete half;
  EXPECT_NE(open(folder / "db"), nullptr);
  EXPECT_FALSE(std::filesystem::exists(folder / "db.new"));
  std::filesystem::create_directories(folder / "empty");
  EXPECT_NE(open(folder / "empty/"), nullptr);
}

TEST(Store, OneFolderHasOneServer) {
  TemporaryFolder folder;
  const auto store = open(folder / "db");
  EXPECT_NE(Store::open(folder / "db", Store::Mode::kCreateIfMissing)
                .error()
                .message.find("another process has"),
            std::string::npos);
}

TEST(Store, ABackupIsWholeAndDoesNotFollowWhatComesLater) {
  TemporaryFolder folder;
  const auto store = open(folder / "db");
  DurableCity c(*store);
  live(c);
  const auto seq = store->checkpoint(folder / "backups/one");
  ASSERT_TRUE(seq);
  EXPECT_EQ(seq.value().seq, c.state().last_seq());
  EXPECT_EQ(seq.value().hash, store->hash_of(c.state().last_seq()));
  const auto before = digest(c.state());
  pb::Command more = by(pb::ROLE_LEAD);
  *more.mutable_post_need()->mutable_need() = need().people(1);
  c.keep(more);
  EXPECT_FALSE(store->checkpoint(folder / "backups/one"));
  const auto copy = open(folder / "backups/one", Store::Mode::kReadOnly, folder / "db.key");
  RankedMarket again;
  ASSERT_TRUE(copy->load(again));
  EXPECT_EQ(digest(again.state()), before);
}

// Numbers come again after a restore, for other things: what was handed out before is of another
// history.
TEST(Store, ARestoredBackupIsAHistoryOfItsOwn) {
  TemporaryFolder folder;
  std::uint64_t epoch = 0;
  {
    const auto store = open(folder / "db");
    DurableCity c(*store);
    epoch = store->epoch();
    EXPECT_NE(epoch, 0U);
    ASSERT_TRUE(store->checkpoint(folder / "backup"));
  }
  EXPECT_EQ(open(folder / "db")->epoch(), epoch) << "a restart goes on";
  const auto restored = open(folder / "backup", Store::Mode::kExisting, folder / "db.key");
  EXPECT_NE(restored->epoch(), epoch);
  EXPECT_NE(restored->epoch(), 0U);
}

// What one of them hands out is another thing in the other.
TEST(Store, ACopyOfAFolderIsAHistoryOfItsOwnAndARenamedOneIsNot) {
  namespace fs = std::filesystem;
  TemporaryFolder folder;
  const std::uint64_t epoch = open(folder / "db")->epoch();
  fs::copy(folder / "db", folder / "copy", fs::copy_options::recursive);
  fs::copy_file(folder / "db.key", folder / "copy.key");
  const std::uint64_t copied = open(folder / "copy")->epoch();
  EXPECT_NE(copied, epoch);
  EXPECT_EQ(open(folder / "copy")->epoch(), copied);
  fs::rename(folder / "db", folder / "moved");
  EXPECT_EQ(open(folder / "moved", Store::Mode::kExisting, folder / "db.key")->epoch(), epoch);
}

// As marks were until 2026-11-30: without the number of the last write and without a place.
TEST(Store, AnOlderMarkKeepsItsEpoch) {
  TemporaryFolder folder;
  const std::uint64_t epoch = open(folder / "db")->epoch();
  const auto head = HeadMark::read(*rocksdb::Env::Default(), folder / "db");
  ASSERT_TRUE(head && head.value());
  std::string record = big_endian(head.value()->seq);
  record.append(reinterpret_cast<const char*>(head.value()->hash.data()), sizeof(ChainHash));
  record += big_endian(epoch);
  std::array<unsigned char, 16> sum{};
  crypto_generichash(sum.data(), sum.size(), reinterpret_cast<const unsigned char*>(record.data()),
                     record.size(), nullptr, 0);
  record.append(reinterpret_cast<const char*>(sum.data()), sum.size());
  std::ofstream(folder / "db/HEAD", std::ios::binary | std::ios::trunc) << record;
  EXPECT_EQ(open(folder / "db")->epoch(), epoch);
}

TEST(Store, AnswersAreKeptForTheirTimeAndThenForgotten) {
  TemporaryFolder folder;
  const auto store = open(folder / "db");
  Group group;
  const auto kept = [&](const char* key, std::uint32_t status, Time when) {
    pb::StoredResponse response;
    response.set_status(status);
    pb::BatchResponse message;
    return group.add_response(key, response, message, when, *store);
  };
  const std::string first = kept("old", 200, at(0));
  const std::string second = kept("new", 201, at(10));
  ASSERT_TRUE(store->commit(group));
  EXPECT_EQ(store->find_stored_response("old").value(), first);
  EXPECT_EQ(store->delete_stored_responses(at(5), 100).value(), 1U);
  EXPECT_FALSE(store->find_stored_response("old").value());
  EXPECT_EQ(store->find_stored_response("new").value(), second);
}

// However many they are, each step forgets so many and looks at no others.
TEST(Store, ManyAnswersAreForgottenInSteps) {
  constexpr int kAnswers = 25'000;
  TemporaryFolder folder;
  const auto store = open(folder / "db");
  Group group;
  pb::BatchResponse message;
  for (int i = 0; i < kAnswers; ++i) {
    group.add_response("old" + std::to_string(i), {}, message, at(0), *store);
  }
  group.add_response("new", {}, message, at(10), *store);
  ASSERT_TRUE(store->commit(group));
  for (const std::size_t forgotten : {10'000U, 10'000U, 5'000U, 0U}) {
    EXPECT_EQ(store->delete_stored_responses(at(5), 10'000).value(), forgotten);
  }
  EXPECT_TRUE(store->find_stored_response("new").value());
  int left = 0;
  const std::unique_ptr<rocksdb::Iterator> it(store->db().NewIterator({}, store->dedup()));
  for (it->SeekToFirst(); it->Valid(); it->Next()) ++left;
  EXPECT_EQ(left, 2) << "an answer and its time";
}

}  // namespace
}  // namespace qiao
