#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <string>

namespace qiao {

// What went wrong with the disk or the database, in words for the person who runs the server.
struct StoreError {
  std::string message;
  // Something that was on disk is missing or is not what was written: no second try helps, a backup
  // does.
  bool damaged = false;
  std::string zh = {};  // the same in Chinese, where it is meant for the command line
};
template <class T>
using StoreResult =
    boost::outcome_v2::basic_result<T, StoreError, boost::outcome_v2::policy::terminate>;

}  // namespace qiao
