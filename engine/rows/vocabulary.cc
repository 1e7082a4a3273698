#include "engine/rows/vocabulary.h"

namespace qiao {
namespace {

const pb::Term& term_of(const pb::Term& t) { return t; }
const pb::Term& term_of(const pb::CertificateKind& c) { return c.term(); }
const pb::Term& term_of(const pb::ResourceKind& r) { return r.term(); }

template <class List, class Map>
void fill(const List& list, Map& map) {
  for (int i = 0; i < list.size(); ++i)
    map.emplace(term_of(list[i]).code(), static_cast<std::uint16_t>(i));
}

}  // namespace

Vocabulary::Vocabulary(pb::Taxonomy taxonomy) : taxonomy_(std::move(taxonomy)) {
  fill(taxonomy_.categories(), index_[static_cast<std::size_t>(WordList::kCategory)]);
  fill(taxonomy_.beneficiaries(), index_[static_cast<std::size_t>(WordList::kBeneficiary)]);
  fill(taxonomy_.skills(), index_[static_cast<std::size_t>(WordList::kSkill)]);
  fill(taxonomy_.certificates(), index_[static_cast<std::size_t>(WordList::kCertificate)]);
  fill(taxonomy_.resources(), index_[static_cast<std::size_t>(WordList::kResource)]);
  fill(taxonomy_.programmes(), index_[static_cast<std::size_t>(WordList::kProgramme)]);
}

int Vocabulary::place_of(WordList list, std::string_view code) const {
  const auto& map = index_[static_cast<std::size_t>(list)];
  const auto it = map.find(code);
  return it == map.end() ? -1 : it->second;
}

const pb::Term& Vocabulary::term(WordList list, std::size_t index) const {
  const int i = static_cast<int>(index);
  switch (list) {
    case WordList::kCategory:
      return taxonomy_.categories(i);
    case WordList::kBeneficiary:
      return taxonomy_.beneficiaries(i);
    case WordList::kSkill:
      return taxonomy_.skills(i);
    case WordList::kCertificate:
      return taxonomy_.certificates(i).term();
    case WordList::kResource:
      return taxonomy_.resources(i).term();
    case WordList::kProgramme:
      break;
  }
  return taxonomy_.programmes(i);
}

std::uint32_t Vocabulary::certificate_levels(std::size_t index) const {
  return taxonomy_.certificates(static_cast<int>(index)).levels();
}

}  // namespace qiao
