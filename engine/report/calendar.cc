#include "engine/report/calendar.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "engine/market/amount.h"

namespace qiao {
namespace {

constexpr Seconds kPast = std::chrono::days{30};
constexpr std::size_t kMostEvents = 2000;
constexpr std::size_t kMostBytes = 75;

std::string utc(Time t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{t - day};
  char text[32];
  std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

// RFC 5545 §3.3.11.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\r') continue;
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == ';' || c == ',') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string fold_line(std::string_view line) {
  std::string out;
  std::size_t room = kMostBytes;
  while (line.size() > room) {
    std::size_t cut = room;
    while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0U) == 0x80U) --cut;
    out.append(line.substr(0, cut)).append("\r\n ");
    line.remove_prefix(cut);
    room = kMostBytes - 1;
  }
  return out.append(line).append("\r\n");
}

std::string calendar(const State& state, Slot party, Time now,
                     const std::function<std::string(MatchId)>& page_of) {
  std::string out =
      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Qiao//Qiao//"
      "ZH\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n";
  out += fold_line("X-WR-CALNAME:" + escape(state.load_party(party).name()));
  std::vector<Slot> matches;
  for (Slot o = state.parties()[party].first_offer; o != kNoSlot;
       o = state.offers()[o].next_of_party) {
    for (Slot m = state.offers()[o].first_match; m != kNoSlot;
         m = state.matches()[m].next_of_offer) {
      const MatchRow& row = state.matches()[m];
      if ((secured(row.state) || row.state == pb::MATCH_STATE_DISPATCHED) &&
          row.window.end > now - kPast)
        matches.push_back(m);
    }
  }
  std::sort(matches.begin(), matches.end(), [&](Slot a, Slot b) {
    return state.matches()[a].window.start < state.matches()[b].window.start;
  });
  if (matches.size() > kMostEvents) matches.resize(kMostEvents);
  for (const Slot m : matches) {
    const MatchRow& row = state.matches()[m];
    const pb::Match match = state.load_match(m);
    const pb::Need need = state.load_need(row.need);
    out += "BEGIN:VEVENT\r\n";
    out += fold_line("UID:match-" + std::to_string(match.id()) + "@qiao");
    out += "DTSTAMP:" + utc(to_time(match.changed_at())) + "\r\nDTSTART:" + utc(row.window.start) +
           "\r\nDTEND:" + utc(row.window.end) + "\r\n";
    const LineRow& line = state.line(row.line);
    const auto amount =
        amount_words(state.taxonomy(), line.time_kind, line.resource, match.quantity());
    out += fold_line("SUMMARY:" + escape(need.title()) + " ×" + amount.zh);
    out += fold_line("LOCATION:" + escape(state.area_name(state.needs()[row.need].area)));
    if (!need.description().empty()) out += fold_line("DESCRIPTION:" + escape(need.description()));
    if (page_of) out += fold_line("URL:" + page_of(row.id));
    out +=
        row.state == pb::MATCH_STATE_DISPATCHED ? "STATUS:TENTATIVE\r\n" : "STATUS:CONFIRMED\r\n";
    out += "END:VEVENT\r\n";
  }
  return out + "END:VCALENDAR\r\n";
}

}  // namespace qiao
