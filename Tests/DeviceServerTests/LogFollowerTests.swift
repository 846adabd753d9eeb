import Testing

@testable import DeviceClient

@Suite struct LogFollowerRules {
  private func news(
    _ follower: inout LogFollower, printed: UInt32, _ text: String, dropped: UInt32 = 0
  ) -> LogFollower.News {
    follower.news(in: LogDescription(slot: 1, printed: printed, dropped: dropped, text: Array(text.utf8)))
  }

  private func told(_ text: String, lost: Int = 0, dropped: Int = 0) -> LogFollower.News {
    LogFollower.News(text: Array(text.utf8), lost: lost, dropped: dropped)
  }

  @Test func `of the first state everything is new, and of the next what has come`() {
    var follower = LogFollower()
    #expect(news(&follower, printed: 900, "abc") == told("abc"))
    #expect(news(&follower, printed: 900, "abc") == told(""))
    #expect(news(&follower, printed: 902, "abcab") == told("ab"))
    // The same text once more.
    #expect(news(&follower, printed: 907, "abcab") == told("abcab"))
  }

  @Test func `what was overwritten or dropped is counted`() {
    var follower = LogFollower()
    _ = news(&follower, printed: 10, "0123456789")
    #expect(news(&follower, printed: 30, "0123456789") == told("0123456789", lost: 10))
    #expect(news(&follower, printed: 31, "123456789x", dropped: 5) == told("x", dropped: 5))
    #expect(news(&follower, printed: 31, "123456789x", dropped: 9) == told("", dropped: 4))
    // Another program.
    #expect(news(&follower, printed: 33, "yz", dropped: 2) == told("yz", dropped: 2))
  }

  @Test func `a count that goes round goes on, and a smaller one is that of a device started anew`() {
    var follower = LogFollower()
    _ = news(&follower, printed: .max, "a")
    #expect(news(&follower, printed: 1, "abc") == told("bc"))
    _ = news(&follower, printed: 1000, "abc")
    #expect(news(&follower, printed: 2, "no") == told("no"))
  }
}
