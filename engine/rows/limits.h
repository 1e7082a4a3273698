// Every limit of the market, in one place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/time.h"

namespace qiao {

// The form of password hashes that this program creates. The parameters decide how much memory and
// time a check takes; other forms are neither stored nor checked.
inline constexpr std::string_view kPasswordHashForm = "$argon2id$v=19$m=65536,t=2,p=1$";
inline constexpr std::size_t kMaxPasswordHashBytes = 128;
constexpr bool is_password_hash(std::string_view hash) {
  return hash.starts_with(kPasswordHashForm) && hash.size() <= kMaxPasswordHashBytes;
}

inline constexpr std::size_t kMaxNameBytes = 200;
inline constexpr std::size_t kMaxTermBytes = 80;
inline constexpr std::size_t kMaxCodeBytes = 40;
inline constexpr std::size_t kMaxPhoneBytes = 20;
inline constexpr std::size_t kMaxAddressBytes = 300;
inline constexpr std::size_t kMaxDescriptionBytes = 4000;
inline constexpr std::size_t kMaxReasonBytes = 500;
inline constexpr std::size_t kMaxReviewBytes = 2000;

inline constexpr int kMaxCategories = 250;
inline constexpr int kMaxBeneficiaries = 250;
inline constexpr int kMaxSkills = 128;
inline constexpr int kMaxCertificateKinds = 60;
inline constexpr int kMaxCertificateLevels = 9;
inline constexpr int kMaxResources = 1000;
inline constexpr int kMaxProgrammes = 250;

inline constexpr int kMaxSkillsPerThing = 32;
inline constexpr int kMaxSkillsPerLine = 8;
inline constexpr int kMaxCertificatesPerThing = 16;
inline constexpr int kMaxWeeklySlots = 64;
inline constexpr int kMaxExceptions = 64;
inline constexpr int kMaxExclusions = 64;
inline constexpr int kMaxProgrammesPerParty = 32;
inline constexpr int kMaxTrainings = 32;
inline constexpr int kMaxLinesPerNeed = 32;
// Needs of one resident that wait for an organiser's approval.
inline constexpr int kMaxWaitingNeeds = 20;
// Needs of one resident whose personal data have not been erased: all of them are exported, or
// erased, at once.
inline constexpr int kMaxNeedsOfResident = 100;
// Parties of one tree: whether somebody may act on behalf of a party depends on all below it.
inline constexpr int kMaxPartiesOfTree = 1'000;
inline constexpr int kMaxAccountsOfPerson = 8;
// Active offers of one party: all of them are indexed again when the party changes.
inline constexpr std::uint32_t kMaxActiveOffersOfParty = 1'000;
// Matches of one need, including those that have ended: a change of the need or of a match reads
// all of them. One party has at most its own share, so that it cannot exhaust a need's.
inline constexpr int kMaxMatchesOfNeed = 1'000;
inline constexpr int kMaxMatchesOfPartyInNeed = 256;
inline constexpr int kMaxCommandsPerBatch = 10'000;
// Requests of a batch: it is applied at once, and other requests wait about 5 ms for it.
inline constexpr int kMaxRequestsPerBatch = 200;
// The sum of the costs of its requests (operations.inc).
inline constexpr std::chrono::milliseconds kMaxCostOfBatch{50};
inline constexpr int kMaxNotificationsPerCommand = 1'000;
// Notifications of a party that are considered, newest first.
inline constexpr int kMaxNotificationsConsidered = 100;
// Doublings of the time between notifications to a party that does not answer.
inline constexpr std::uint32_t kMaxSilenceDoublings = 4;
// Offers of one party that its own ranking considers.
inline constexpr int kMaxOffersRanked = 64;

inline constexpr std::size_t kMinLoginBytes = 2;
inline constexpr std::size_t kMaxLoginBytes = 64;
inline constexpr std::size_t kMaxExternalIdBytes = 300;
inline constexpr int kMaxScopes = 64;
// Live sessions and invitations of one account; a new one replaces the oldest.
inline constexpr int kMaxSessionsPerAccount = 16;
inline constexpr int kMaxTokensPerAccount = 50;
inline constexpr Seconds kMinGrantLifetime = std::chrono::minutes{1};
inline constexpr Seconds kMaxGrantLifetime = std::chrono::days{730};
inline constexpr std::int64_t kMaxRetentionDays = 3650;
inline constexpr int kMaxStars = 5;

inline constexpr std::int64_t kMaxTimeQuantity = 1'000'000;
inline constexpr std::int64_t kMaxQuantity = 1'000'000'000;
inline constexpr std::int64_t kMaxRadiusMetres = 20'000'000;
inline constexpr std::int64_t kMaxVolunteersPerProfessional = 1000;
inline constexpr Seconds kMaxWindow = std::chrono::days{31};
// No need is planned further ahead; this also keeps sums of times far from overflow.
inline constexpr Seconds kMaxAhead = std::chrono::days{3660};
inline constexpr Seconds kMinLimit = std::chrono::minutes{1};
inline constexpr Seconds kMaxLimit = std::chrono::days{365};

// Timers that one tick handles; the rest waits for the next tick, so that commands run in between.
inline constexpr int kMaxTimersPerTick = 64;
// How often a need is escalated: from the community to the town, and from the town to the city,
// where the lead handles it.
inline constexpr std::uint32_t kMaxRaised = 2;

}  // namespace qiao
