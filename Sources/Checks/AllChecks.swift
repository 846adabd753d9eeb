/// Every check that needs nothing of the platform, in the order of the modules.
public let checkGroups: [[Check]] = [bytesChecks, interpreterChecks, cborChecks, coapChecks]
