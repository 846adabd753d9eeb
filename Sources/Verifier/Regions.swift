/// What the analysis of values may assume of the memory the program will run in. Sizes in bytes.
///
/// Proofs that an engine trusts are true only where these are.
public struct Regions: Equatable, Sendable {
  /// Writable data with values and zeros, in one piece at an address divisible by 8; `nil` when it is not known.
  public var dataSize: Int?
  /// Read-only data; `nil` when it is not known.
  public var rodataSize: Int?
  /// The context: when it is not 0, r1 is its address, divisible by 8, and r2 its size. `nil` when neither is known.
  public var contextSize: Int?
  /// Whether addresses have 32 bits, so that the upper half of one within a region is zero.
  public var addressesFitWord = false

  public init(dataSize: Int? = nil, rodataSize: Int? = nil, contextSize: Int? = nil) {
    self.dataSize = dataSize
    self.rodataSize = rodataSize
    self.contextSize = contextSize
  }
}
