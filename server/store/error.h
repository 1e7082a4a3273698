#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <string>

namespace qiao {

// An error of the disk or the database, in words for the operator.
struct StoreError {
  std::string message;
  // Something that was on disk is missing or altered: retrying does not help, a backup does.
  bool damaged = false;
  std::string zh = {};  // the same in Chinese, if it is meant for the command line
};
template <class T>
using StoreResult =
    boost::outcome_v2::basic_result<T, StoreError, boost::outcome_v2::policy::terminate>;

}  // namespace qiao
