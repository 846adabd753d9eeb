/// Division as RFC 9669 §4.1 has it: by zero gives zero, and the one quotient that does not fit wraps.
@inline(__always)
func quotient<T: FixedWidthInteger>(_ dividend: T, _ divisor: T) -> T {
  guard divisor != 0 else { return 0 }
  return dividend.dividedReportingOverflow(by: divisor).partialValue
}

/// The remainder, its sign that of the dividend. RFC 9669 §4.1: by zero gives the dividend.
@inline(__always)
func remainder<T: FixedWidthInteger>(_ dividend: T, _ divisor: T) -> T {
  guard divisor != 0 else { return dividend }
  return dividend.remainderReportingOverflow(dividingBy: divisor).partialValue
}
