#include "server/api/subject.h"

#include "engine/rows/marked.h"

namespace qiao {
namespace {

using google::protobuf::Message;

template <class Load>
std::unique_ptr<Message> boxed(Load&& m) {
  return std::make_unique<std::decay_t<Load>>(std::forward<Load>(m));
}

const char* collection(pb::Event::RowCase kind) {
  switch (kind) {
    case pb::Event::kArea:
      return "areas";
    case pb::Event::kParty:
      return "parties";
    case pb::Event::kPerson:
      return "persons";
    case pb::Event::kOffer:
      return "offers";
    case pb::Event::kNeed:
      return "needs";
    case pb::Event::kMatch:
      return "matches";
    case pb::Event::kNotification:
      return "notifications";
    case pb::Event::kAccount:
      return "accounts";
    case pb::Event::kGrant:
      return "tokens";
    case pb::Event::kDisclosure:
      return "audit";
    case pb::Event::kPolicy:
      return "policy";
    default:
      return "taxonomy";
  }
}

}  // namespace

const char* singular(pb::Event::RowCase kind) {
  switch (kind) {
    case pb::Event::kArea:
      return "area";
    case pb::Event::kParty:
      return "party";
    case pb::Event::kPerson:
      return "person";
    case pb::Event::kOffer:
      return "offer";
    case pb::Event::kNeed:
      return "need";
    case pb::Event::kMatch:
      return "match";
    case pb::Event::kNotification:
      return "notification";
    case pb::Event::kAccount:
      return "account";
    case pb::Event::kGrant:
      return "grant";
    case pb::Event::kDisclosure:
      return "disclosure";
    case pb::Event::kPolicy:
      return "policy";
    default:
      return "taxonomy";
  }
}

std::string location_of(const Subject& subject) {
  return std::string("/v1/") + collection(subject.kind) + "/" + std::to_string(subject.key);
}

pb::RowKind row_kind_of(pb::Event::RowCase kind) {
  switch (kind) {
    case pb::Event::kParty:
      return pb::ROW_KIND_PARTY;
    case pb::Event::kPerson:
      return pb::ROW_KIND_PERSON;
    case pb::Event::kOffer:
      return pb::ROW_KIND_OFFER;
    case pb::Event::kNeed:
      return pb::ROW_KIND_NEED;
    case pb::Event::kMatch:
      return pb::ROW_KIND_MATCH;
    case pb::Event::kAccount:
      return pb::ROW_KIND_ACCOUNT;
    case pb::Event::kGrant:
      return pb::ROW_KIND_GRANT;
    default:
      return pb::ROW_KIND_UNSPECIFIED;
  }
}

std::unique_ptr<Message> show(const State& s, const Subject& subject, const View& view) {
  switch (subject.kind) {
    case pb::Event::kArea:
      return boxed(s.load_area(s.areas().find(AreaCode{subject.key})));
    case pb::Event::kParty:
      return boxed(view.show_party(s.parties().find(PartyId{subject.key})));
    case pb::Event::kPerson:
      return boxed(view.show_person(s.persons().find(PersonId{subject.key})));
    case pb::Event::kOffer:
      return boxed(view.show_offer(s.offers().find(OfferId{subject.key})));
    case pb::Event::kNeed:
      return boxed(view.show_need(s.needs().find(NeedId{subject.key})));
    case pb::Event::kMatch:
      return boxed(view.show_match(s.matches().find(MatchId{subject.key})));
    case pb::Event::kNotification:
      return boxed(s.load_notification(s.notifications().find(NotificationId{subject.key})));
    case pb::Event::kAccount:
      return boxed(view.show_account(s.accounts().find(AccountId{subject.key})));
    case pb::Event::kGrant: {
      pb::Grant grant = s.load_grant(s.grants().find(GrantId{subject.key}));
      mask(grant, {});
      return boxed(std::move(grant));
    }
    case pb::Event::kPolicy:
      return boxed(pb::Policy(s.policy()));
    default:
      return boxed(pb::Taxonomy(s.taxonomy()));
  }
}

}  // namespace qiao
