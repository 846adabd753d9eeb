/// Thirty-two-bit values by key, as many as the store has room for.
public struct KeyValueStore<let capacity: Int>: Sendable {
  private var keys = InlineArray<capacity, UInt32>(repeating: 0)
  private var values = InlineArray<capacity, UInt32>(repeating: 0)
  /// Entries in use; they are the first ones.
  public private(set) var count = 0

  public init() {}

  /// The value stored under `key`, or `nil` if none is. Looking a key up never takes room.
  public func value(of key: UInt32) -> UInt32? {
    index(of: key).map { values[$0] }
  }

  /// Stores `value` under `key`, replacing what was there.
  ///
  /// - Throws: ``StoreFull`` when the key is new and every entry is taken; nothing is changed then.
  public mutating func store(_ value: UInt32, under key: UInt32) throws(StoreFull) {
    if let index = index(of: key) {
      values[index] = value
      return
    }
    guard count < capacity else { throw StoreFull(capacity: capacity) }
    keys[count] = key
    values[count] = value
    count += 1
  }

  /// Forgets every entry.
  public mutating func removeAll() {
    count = 0
  }

  private func index(of key: UInt32) -> Int? {
    for index in 0..<count where keys[index] == key { return index }
    return nil
  }
}

/// A key-value store has no entry left for a new key.
public struct StoreFull: Error, Equatable, Sendable {
  public let capacity: Int
}
