"""The deployment on this machine: an emulator of AWS, and the same handlers on the messages that arrive there.

What stands in for what:
    S3, SQS, EventBridge,     moto's server, a process of its own on the loopback interface (`emulator`)
    Secrets Manager
    CloudFormation            `stack`, which takes names and numbers from template.yaml (`template`)
    event source mappings     `poller`; for shops' and callbacks' queues `mappings`
    API Gateway               `gateway` behind a server of its own (`api`), each function in a `container`
    a Lambda container        `worker`, a process that has the function's environment and nothing of the user's

Not imitated: roles and policies, encryption, the function's memory limit and its kill at the timeout.
"""
