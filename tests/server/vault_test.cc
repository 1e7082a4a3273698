// Personal data at rest: no file tells them, an erased row stays erased, and nobody changes the
// past unnoticed.
#include "server/store/vault.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "engine/base/hex.h"
#include "engine/rows/invariants.h"
#include "engine/rows/kinds.h"
#include "server/store/store.h"
#include "tests/support/files.h"
#include "tests/support/raw.h"
#include "tests/support/towns.h"

namespace qiao {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSecrets[] = {"13912341234", "13900005678", "13900009999", "城东路18号",
                                    "王小明",      "李四",        "张三"};

// Every byte of every file under the folder.
std::string raw(const std::string& folder) {
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    all += read_file(entry.path());
  }
  return all;
}

std::vector<std::string> verified(const std::string& folder, const std::string& key = {}) {
  auto store = Store::open(folder, Store::Mode::kExisting, key);
  if (!store) return {store.error().message};
  auto findings = verify(*store.value(), make_ranking, [](Seq, Seq) {});
  return findings ? findings.value() : std::vector<std::string>{findings.error().message};
}

TEST(Vault, SealsTheKindsWhoseFieldsAreMarkedAsPersonal) {
  const std::set<std::string> sealed = {"party", "person", "need", "account"};
  for (const auto kind : kKeyedKinds)
    EXPECT_EQ(Vault::covers(kind), sealed.contains(name_of(kind))) << name_of(kind);
  EXPECT_FALSE(Vault::covers(pb::Event::kDisclosure));
  EXPECT_FALSE(Vault::covers(pb::Event::ROW_NOT_SET));
}

TEST(Vault, NoFileOfTheDatabaseTellsAnythingPersonal) {
  Towns t;
  t.send("POST", "/v1/needs", Towns::need_of(t.own, ""), {.key = "stored response"});
  // Shown to a resident whole, since it is its own.
  t.send("POST", "/v1/needs", Towns::need_of(t.own, ""),
         {.key = "stored response", .token = t.tokens.at("resident")});
  // Everybody who may write personal data does, and is answered what it sees of them.
  const std::string person = R"({"partyId":"{team}","name":"李四","phone":"13900005678"})";
  const std::string changed = R"({"partyId":"{team}","name":"张三","phone":"13900009999"})";
  const std::string batch = R"({"commands":[{"postNeed":{"need":{need-body}}}]})";
  const auto write = [&](const char* role, const char* method, const char* target,
                         const std::string& body) {
    const std::string at = Towns::on(t.own, target);
    const Response r = t.send(method, at, Towns::on(t.own, body),
                              {.key = "kept " + at, .token = t.tokens.at(role)});
    EXPECT_LT(r.status, 300U) << role << " " << at << " " << r.body;
  };
  write("organiser", "POST", "/v1/needs", "{need-body}");
  write("organiser", "POST", "/v1/batch", batch);
  write("supplier", "POST", "/v1/persons", person);
  write("member", "PUT", "/v1/persons/{person}", changed);
  write("supplier", "POST", "/v1/needs/{need}:reveal", "");
  const auto whole = [&](const char* when) {
    const std::string bytes = raw(t.folder / "db");
    EXPECT_NE(bytes.find("陪老人"), std::string::npos) << "the files are looked at";
    for (const char* secret : kSecrets)
      EXPECT_EQ(bytes.find(secret), std::string::npos) << secret << " " << when;
    EXPECT_EQ(bytes.find("argon2id"), std::string::npos);
    EXPECT_EQ(bytes.find(t.token), std::string::npos);
  };
  whole("in the log");
  ASSERT_TRUE(t.store->purge());
  for (auto* family : {t.store->journal(), t.store->family(pb::Event::kNeed),
                       t.store->family(pb::Event::kPerson)}) {
    rocksdb::CompactRangeOptions all;
    ASSERT_TRUE(t.store->db().CompactRange(all, family, nullptr, nullptr).ok());
  }
  whole("after compaction");
  // It is all there, for us.
  const auto before = digest(t.runtime->state());
  t.restart();
  EXPECT_EQ(digest(t.runtime->state()), before);
  t.stop();
  EXPECT_EQ(verified(t.folder / "db"), std::vector<std::string>());
}

TEST(Vault, WhatIsErasedIsGoneFromTheFilesWithItsKeyAndTheJournalStaysWhole) {
  Towns t;
  const std::string name =
      std::string(1, static_cast<char>(pb::Event::kNeed)) + big_endian(t.own.need);
  std::string wrapped;
  // The key as it is on disk now.
  {
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    const auto copy = t.store->checkpoint(t.folder / "before");
    ASSERT_TRUE(copy);
    Raw before(t.folder / "before");
    wrapped = before.get("vault", name);
  }
  ASSERT_GT(wrapped.size(), 48U);
  EXPECT_NE(raw(t.folder / "db").find(wrapped.substr(8)), std::string::npos);
  pb::ErasedResponse erased;
  ASSERT_TRUE(from_json(t.send("POST", "/v1/residents/7:erase").body, erased));
  EXPECT_EQ(erased.erased(), 3U);  // two needs and the account
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/residents/7:erase")), "409 personal.nothing id");
  EXPECT_EQ(t.send("GET", "/v1/policy", "", {.token = t.tokens.at("resident")}).status, 401U)
      << "the account is gone with its owner";
  EXPECT_TRUE(t.store->vault().take_forgotten());
  ASSERT_TRUE(t.store->purge());
  EXPECT_EQ(raw(t.folder / "db").find(wrapped.substr(8)), std::string::npos)
      << "the key is still in a file";
  // Nothing whole comes out of the past either.
  const std::string events = t.send("GET", "/v1/events?limit=1000").body;
  EXPECT_EQ(events.find("139****1234\",\"address\":\"甲社区\""), std::string::npos);
  EXPECT_NE(events.find("139****1234\",\"address\":\"乙社区\""), std::string::npos)
      << "the other town's needs are as they were";
  const auto before = digest(t.runtime->state());
  t.restart();
  EXPECT_EQ(digest(t.runtime->state()), before);
  EXPECT_TRUE(check_invariants(t.runtime->state()).empty());
  t.stop();
  EXPECT_EQ(verified(t.folder / "db"), std::vector<std::string>());
}

TEST(Vault, ARowThatIsFilledAgainAfterItWasErasedHasAnotherKey) {
  Towns t;
  const std::string team = "/v1/parties/" + std::to_string(t.own.team);
  EXPECT_EQ(t.send("POST", team + ":erase").status, 200U);
  EXPECT_EQ(
      t.send(
           "PUT", team,
           R"({"kind":"PARTY_KIND_VOLUNTEER_TEAM","name":"队","areaCode":"341881001001","contactName":"赵六","contactPhone":"13700001111"})")
          .status,
      200U);
  t.restart();
  pb::PersonalData shown;
  ASSERT_TRUE(from_json(t.send("POST", team + ":reveal").body, shown));
  EXPECT_EQ(shown.name(), "赵六");
  pb::ListEventsResponse events;
  ASSERT_TRUE(from_json(t.send("GET", "/v1/events?limit=1000").body, events));
  std::string phones;
  for (const auto& e : events.events())
    phones += e.party().id() == t.own.team ? "[" + e.party().contact_phone() + "]" : "";
  EXPECT_EQ(phones, "[][][137****1111]");
  t.stop();
  EXPECT_EQ(verified(t.folder / "db"), std::vector<std::string>());
}

TEST(Vault, APersonGetsACopyOfAllThatIsHeldAndOfWhoSawIt) {
  Towns t;
  t.send("POST", "/v1/persons/" + std::to_string(t.own.person) + ":reveal", "",
         {.token = t.tokens.at("organiser")});
  pb::PersonExport copy;
  ASSERT_TRUE(from_json(t.send("POST", "/v1/persons/" + std::to_string(t.own.person) + ":export",
                               "", {.token = t.tokens.at("member")})
                            .body,
                        copy));
  EXPECT_EQ(copy.person().phone(), "13900009999");
  EXPECT_EQ(copy.account().login(), "member");
  ASSERT_EQ(copy.seen_by_size(), 1);
  EXPECT_EQ(copy.seen_by(0).actor().role(), pb::ROLE_ORGANISER);
  pb::PersonExport resident;
  ASSERT_TRUE(from_json(
      t.send("POST", "/v1/residents/7:export", "", {.token = t.tokens.at("resident")}).body,
      resident));
  EXPECT_EQ(resident.needs_size(), 2);
  EXPECT_EQ(resident.needs(0).address(), "城东路18号");
}

TEST(Chain, AChangedARemovedAndAnAddedEventAreFound) {
  const auto with = [](const std::function<void(Raw&, Seq)>& spoil) {
    Towns t;
    const Seq last = t.runtime->applied_seq();
    t.stop();
    {
      Raw raw(t.folder / "db");
      spoil(raw, last);
    }
    const auto found = verified(t.folder / "db");
    return found.empty() ? std::string() : found.front();
  };
  EXPECT_EQ(with([](Raw&, Seq) {}), "");
  // One letter of one event.
  EXPECT_EQ(with([](Raw& r, Seq) {
              std::string value = r.get("journal", big_endian(9));
              value.back() = static_cast<char>(value.back() ^ 1);
              r.put("journal", big_endian(9), value);
            }),
            "journal: event 9 is not what was written");
  // Its hash made to fit without the key.
  EXPECT_EQ(with([](Raw& r, Seq) {
              std::string value = r.get("journal", big_endian(9));
              std::fill_n(value.begin(), 32, 'x');
              r.put("journal", big_endian(9), value);
            }),
            "journal: event 9 is not what was written");
  EXPECT_EQ(with([](Raw& r, Seq) {
              EXPECT_TRUE(r.db->Delete({}, r.families.at("journal"), big_endian(9)).ok());
            }),
            "journal: event 9 is missing");
  // Two events change places.
  EXPECT_EQ(with([](Raw& r, Seq) {
              const std::string nine = r.get("journal", big_endian(9));
              r.put("journal", big_endian(9), r.get("journal", big_endian(10)));
              r.put("journal", big_endian(10), nine);
            }),
            "journal: event 9 is not what was written");
  // The last one taken away.
  EXPECT_NE(with([](Raw& r, Seq last) {
              EXPECT_TRUE(r.db->Delete({}, r.families.at("journal"), big_endian(last)).ok());
            }).find("but "),
            std::string::npos);
  // One more that nobody did.
  EXPECT_NE(with([](Raw& r, Seq last) {
              r.put("journal", big_endian(last + 1), r.get("journal", big_endian(last)));
            }),
            "");
  // A sealed field cut, or put where another was.
  EXPECT_NE(
      with([](Raw& r, Seq) {
        const std::unique_ptr<rocksdb::Iterator> it(r.db->NewIterator({}, r.families.at("person")));
        it->SeekToFirst();
        const std::string first = it->value().ToString();
        it->Next();
        pb::Person mine;
        pb::Person other;
        ASSERT_TRUE(mine.ParseFromString(it->value().ToString()) && other.ParseFromString(first));
        mine.set_phone(other.phone());
        r.put("person", it->key().ToString(), mine.SerializeAsString());
      }),
      "");
}

TEST(Chain, AHashWrittenDownElsewhereShowsARollback) {
  Towns t;
  pb::ListAuditResponse audit;
  ASSERT_TRUE(from_json(t.send("GET", "/v1/audit?pageSize=1").body, audit));
  EXPECT_EQ(audit.head_seq(), t.runtime->durable_seq());
  EXPECT_EQ(audit.head_hash(), to_hex(*t.store->hash_of(audit.head_seq())));
  EXPECT_EQ(audit.head_hash().size(), 64U);
}

TEST(Audit, FindsByObjectAccountKindAndTimeForwardsAndBackwards) {
  Towns t;
  t.now = at(5);
  t.send("POST", "/v1/needs/" + std::to_string(t.own.need) + ":reveal", "",
         {.token = t.tokens.at("organiser")});
  t.now = at(6);
  t.send("POST", "/v1/persons/" + std::to_string(t.own.person) + ":reveal", "",
         {.token = t.tokens.at("supplier")});
  const auto page = [&](const std::string& query) {
    pb::ListAuditResponse r;
    EXPECT_TRUE(from_json(t.send("GET", "/v1/audit" + query).body, r));
    return r;
  };
  EXPECT_EQ(page("?kind=personal_shown").entries_size(), 2);
  EXPECT_EQ(page("?object=person/" + std::to_string(t.own.person)).entries_size(),
            2);  // entered, shown
  EXPECT_EQ(page("?account=" + std::to_string(t.own.account)).entries_size(), 1);
  EXPECT_EQ(page("?kind=personal_shown&from=" + std::to_string(to_int(at(5.5)))).entries_size(), 1);
  EXPECT_EQ(page("?kind=personal_shown&to=" + std::to_string(to_int(at(5.5)))).entries_size(), 1);
  EXPECT_EQ(page("?from=" + std::to_string(to_int(at(7)))).entries_size(), 0);
  for (const std::string order : {"", "&newest=1"}) {
    std::vector<Seq> seen;
    std::string token;
    do {
      const auto p = page("?pageSize=7" + order + (token.empty() ? "" : "&pageToken=" + token));
      for (const auto& e : p.entries()) seen.push_back(e.seq());
      token = p.next_page_token();
    } while (!token.empty());
    EXPECT_EQ(seen.size(), t.runtime->durable_seq());
    EXPECT_TRUE(order.empty() ? std::is_sorted(seen.begin(), seen.end())
                              : std::is_sorted(seen.rbegin(), seen.rend()));
  }
  EXPECT_EQ(t.code_of(t.send("GET", "/v1/audit?object=dragon/5")).substr(0, 29),
            "400 value.out_of_range object");
  EXPECT_EQ(t.code_of(t.send("GET", "/v1/audit?object=need/x")), "400 value.wrong_type object");
}

TEST(KeyFile, IsForItsOwnerOnlyAndRefusedWithWordsOtherwise) {
  TemporaryFolder folder;
  const std::string path = folder / "key";
  ASSERT_TRUE(KeyFile::create(path));
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_TRUE(KeyFile::load(path));
  EXPECT_FALSE(KeyFile::create(path)) << "never over one that is there";
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  EXPECT_NE(KeyFile::load(path).error().message.find("chmod 600"), std::string::npos);
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  std::ofstream(path) << "qiao-key-1 short\n";
  EXPECT_NE(KeyFile::load(path).error().message.find("is not a key file"), std::string::npos);
  std::ofstream(path, std::ios::trunc) << "# nothing\n";
  EXPECT_NE(KeyFile::load(path).error().message.find("holds no key"), std::string::npos);
  EXPECT_NE(KeyFile::load(folder / "none").error().message.find("cannot open"), std::string::npos);
}

TEST(KeyFile, AFreshKeyTakesOverAtTheNextStartAndTheOldOneMayGo) {
  Towns t;
  const std::string key = t.folder / "db.key";
  const std::string old = read_file(key);
  const auto before = digest(t.runtime->state());
  t.stop();
  ASSERT_TRUE(KeyFile::rotate(key));
  // Dropped before the next start the old key would take the data with it.
  const std::string both = read_file(key);
  const auto prune = [&]() -> StoreResult<KeyFile> {
    QIAO_TRY(const auto in_use, Store::keys_in_use(t.folder / "db", key));
    return KeyFile::prune(key, in_use);
  };
  const auto early = prune();
  ASSERT_FALSE(early);
  EXPECT_NE(early.error().message.find("start qiaod once"), std::string::npos);
  EXPECT_NE(early.error().zh.find("启动一次qiaod"), std::string::npos);
  EXPECT_EQ(read_file(key), both);
  t.start();
  EXPECT_EQ(digest(t.runtime->state()), before);
  // A server that is running with the new key does not stand in the way.
  ASSERT_TRUE(prune());
  EXPECT_NE(read_file(key), both);
  t.stop();
  t.start();
  EXPECT_EQ(digest(t.runtime->state()), before);
  t.stop();
  // The old key opens nothing any more, and without a key nothing opens.
  const fs::path stale = t.folder / "old.key";
  std::ofstream(stale) << old;
  fs::permissions(stale, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_NE(Store::open(t.folder / "db", Store::Mode::kExisting, stale)
                .error()
                .message.find("name the right one"),
            std::string::npos);
  EXPECT_NE(Store::open(t.folder / "db", Store::Mode::kExisting, t.folder / "none.key")
                .error()
                .message.find("put it back"),
            std::string::npos);
  EXPECT_EQ(verified(t.folder / "db"), std::vector<std::string>());
}

// Changes the first stored response of the database.
void change_stored_response(Raw& raw, const std::function<void(pb::StoredResponse&)>& change) {
  const std::unique_ptr<rocksdb::Iterator> it(raw.db->NewIterator({}, raw.families.at("dedup")));
  it->SeekToFirst();
  ASSERT_TRUE(it->Valid());
  pb::StoredResponse kept;
  ASSERT_TRUE(kept.ParseFromString(it->value().ToString().substr(8)));
  change(kept);
  raw.put("dedup", it->key().ToString(),
          it->value().ToString().substr(0, 8) + kept.SerializeAsString());
}

// Format 3 stored responses as they were sent: a resident's own telephone in the clear.
TEST(Migration, AnswersOfAnOlderVersionAreStrippedAndTheirRequestsStayDone) {
  Towns t;
  const RequestHeaders as{.key = "once", .token = t.tokens.at("resident")};
  const std::string body = Towns::need_of(t.own, "");
  EXPECT_EQ(t.send("POST", "/v1/needs", body, as).status, 201U);
  const Seq done = t.runtime->applied_seq();
  t.stop();
  {
    Raw raw(t.folder / "db");
    change_stored_response(raw, [](pb::StoredResponse& kept) {
      kept.clear_message();
      kept.GetReflection()->MutableUnknownFields(&kept)->AddLengthDelimited(
          6, R"({"contactPhone":"13912341234"})");
    });
    raw.put("meta", "format", "qiao" + big_endian(3));
  }
  EXPECT_NE(raw(t.folder / "db").find("13912341234"), std::string::npos);
  t.start();
  EXPECT_EQ(raw(t.folder / "db").find("13912341234"), std::string::npos);
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/needs", body, as)),
            "409 idempotency.done Idempotency-Key");
  EXPECT_EQ(t.runtime->applied_seq(), done);
}

// Older versions stored another hash of the request, which tells nothing about one that comes now.
TEST(Migration, ARequestWithoutAHashStaysDone) {
  Towns t;
  const RequestHeaders as{.key = "once", .token = t.tokens.at("resident")};
  const std::string body = Towns::need_of(t.own, "");
  EXPECT_EQ(t.send("POST", "/v1/needs", body, as).status, 201U);
  const Seq done = t.runtime->applied_seq();
  t.stop();
  {
    Raw raw(t.folder / "db");
    change_stored_response(raw, [](pb::StoredResponse& kept) { kept.clear_request_hash(); });
  }
  t.start();
  for (const std::string& sent : {body, Towns::need_of(t.own, R"(,"allOrNothing":true)")}) {
    EXPECT_EQ(t.code_of(t.send("POST", "/v1/needs", sent, as)),
              "409 idempotency.done Idempotency-Key");
  }
  EXPECT_EQ(t.runtime->applied_seq(), done);
}

// Up to format 4 who saw a contact was found only among all that happened to the need.
TEST(Migration, WhoSawAContactIsFoundByItsNeed) {
  Towns t;
  const std::string url = "/v1/needs/" + std::to_string(t.own.need);
  const RequestHeaders as{.token = t.tokens.at("organiser")};
  EXPECT_EQ(t.send("POST", url + ":reveal", "", as).status, 200U);
  t.stop();
  {
    Raw raw(t.folder / "db");
    const std::string key = Store::AuditKey::object(kAuditContact, t.own.need).prefix;
    EXPECT_TRUE(raw.db->DeleteRange({}, raw.families.at("audit"), key, key + '\xff').ok());
    raw.put("meta", "format", "qiao" + big_endian(4));
  }
  t.start();
  EXPECT_EQ(t.get<pb::ListDisclosuresResponse>(url + "/disclosures").entries_size(), 1);
}

// As format 2 left it: everything in the clear, no chain, no index.
void make_format_2(const std::string& folder, const Store& plain,
                   std::vector<std::pair<std::string, std::pair<std::string, std::string>>> rows,
                   Seq last) {
  std::vector<std::pair<Seq, std::string>> events;
  ASSERT_TRUE(plain.read_journal(0, last, [&](Seq seq, std::string_view bytes) {
    events.emplace_back(seq, bytes);
    return true;
  }));
  ASSERT_TRUE(const_cast<Store&>(plain).checkpoint(folder));
  fs::remove(folder + "/HEAD");
  Raw raw(folder);
  for (const auto& [seq, bytes] : events) raw.put("journal", big_endian(seq), bytes);
  for (const auto& [family, row] : rows) raw.put(family.c_str(), row.first, row.second);
  raw.put("meta", "format", "qiao" + big_endian(2));
  for (const char* gone : {"head", "marked"})
    EXPECT_TRUE(raw.db->Delete({}, raw.families.at("meta"), gone).ok());
  for (const char* gone : {"vault", "audit"})
    EXPECT_TRUE(raw.db->DropColumnFamily(raw.families.at(gone)).ok());
}

TEST(Migration, ADatabaseInTheClearIsSealedChainedAndIndexed) {
  Towns t;
  std::vector<std::pair<std::string, std::pair<std::string, std::string>>> rows;
  const State& s = t.runtime->state();
  const auto take = [&](const char* family, const auto& table) {
    for (Slot i = 0; i < table.size(); ++i)
      rows.push_back(
          {family, {big_endian(table[i].id.value()), std::string(table[i].bytes.view())}});
  };
  take("party", s.parties());
  take("person", s.persons());
  take("need", s.needs());
  take("account", s.accounts());
  const auto before = digest(s);
  t.wait_for(t.runtime->applied_seq());
  const Seq last = t.runtime->durable_seq();
  make_format_2(t.folder / "old", *t.store, rows, last);
  EXPECT_NE(raw(t.folder / "old").find("13912341234"), std::string::npos) << "it is in the clear";
  {
    // Looked at only, it stays as it is, and needs no key.
    auto looked = Store::open(t.folder / "old", Store::Mode::kReadOnly);
    ASSERT_TRUE(looked) << looked.error().message;
    RankedMarket market;
    const auto loaded = looked.value()->load(market);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(digest(market.state()), before);
    EXPECT_FALSE(fs::exists(t.folder / "old.key"));
  }
  {
    auto migrated = Store::open(t.folder / "old", Store::Mode::kExisting);
    ASSERT_TRUE(migrated) << migrated.error().message;
    RankedMarket market;
    ASSERT_TRUE(migrated.value()->load(market));
    EXPECT_EQ(digest(market.state()), before);
    EXPECT_FALSE(migrated.value()
                     ->audit(Store::AuditKey::object(pb::Event::kNeed, t.own.need), 0, false, 10)
                     .empty());
  }
  const std::string bytes = raw(t.folder / "old");
  for (const char* secret : kSecrets) EXPECT_EQ(bytes.find(secret), std::string::npos) << secret;
  EXPECT_EQ(verified(t.folder / "old"), std::vector<std::string>());
}

}  // namespace
}  // namespace qiao
