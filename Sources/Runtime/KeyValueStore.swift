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

  /// The entry at an index below `count`; which one that is changes with each removal.
  public func entry(at index: Int) -> (key: UInt32, value: UInt32) {
    precondition((0..<count).contains(index))
    return (keys[index], values[index])
  }

  /// Forgets every entry.
  public mutating func removeAll() {
    count = 0
  }

  /// Forgets what is stored under `key`.
  ///
  /// - Returns: whether something was.
  public mutating func removeValue(of key: UInt32) -> Bool {
    guard let index = index(of: key) else { return false }
    remove(at: index)
    return true
  }

  /// Forgets one entry. The last one takes its place.
  mutating func remove(at index: Int) {
    count -= 1
    keys[index] = keys[count]
    values[index] = values[count]
  }

  func index(of key: UInt32) -> Int? {
    for index in 0..<count where keys[index] == key { return index }
    return nil
  }
}

/// A key-value store has no entry left for a new key.
public struct StoreFull: Error, Equatable, Sendable {
  public let capacity: Int
}

/// A store that programs share. Every program may read and replace every value; the one that brought a key in owns it, and
/// none may own more than a part of the store.
public struct SharedStore<let capacity: Int>: Sendable {
  private var store = KeyValueStore<capacity>()
  /// Who owns the entry at the same index of `store`.
  private var owners = InlineArray<capacity, UInt8>(repeating: 0)

  public init() {}

  public var count: Int { store.count }

  public func value(of key: UInt32) -> UInt32? { store.value(of: key) }

  /// The entry at an index below `count`, and who brought its key in.
  public func entry(at index: Int) -> (key: UInt32, value: UInt32, owner: UInt8) {
    let entry = store.entry(at: index)
    return (entry.key, entry.value, owners[index])
  }

  /// Forgets what is stored under `key`, whoever brought it in.
  ///
  /// - Returns: whether something was.
  public mutating func removeValue(of key: UInt32) -> Bool {
    guard let index = store.index(of: key) else { return false }
    store.remove(at: index)
    owners[index] = owners[store.count]
    return true
  }

  /// How many keys an owner has.
  public func count(ownedBy owner: UInt8) -> Int {
    var count = 0
    for index in 0..<store.count where owners[index] == owner { count += 1 }
    return count
  }

  /// Stores `value` under `key`, replacing what was there.
  ///
  /// - Throws: ``StoreFull`` when the key is new and the owner has `quota` keys already or every entry is taken; nothing is
  ///   changed then.
  public mutating func store(
    _ value: UInt32, under key: UInt32, owner: UInt8, quota: Int
  ) throws(StoreFull) {
    let count = store.count
    guard store.value(of: key) != nil || self.count(ownedBy: owner) < quota else {
      throw StoreFull(capacity: quota)
    }
    try store.store(value, under: key)
    if store.count > count { owners[count] = owner }
  }

  /// Forgets every entry of this owner.
  public mutating func removeAll(ownedBy owner: UInt8) {
    for index in (0..<store.count).reversed() where owners[index] == owner {
      store.remove(at: index)
      owners[index] = owners[store.count]
    }
  }
}
