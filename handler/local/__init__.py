"""The deployment on this machine: an emulator of AWS, and the same handlers on the messages and requests that arrive.

What stands in for what:
    S3, SQS, EventBridge,     moto's server, a process of its own on the loopback interface (`emulator`), with S3's
    Secrets Manager           checks of signed links and forms in front (`presigned`)
    CloudFormation            `stack`, which takes names and numbers from template.yaml (`template`)
    a Lambda function         `functions` (its settings), `container` (its processes), `runtime` (the program in them)
    event source mappings     `worker` and `mappings`, which call `poller`
    API Gateway               `gateway` behind an HTTP server (`server`), put together by `api`

The commands are `run` and `serve`; `deployment` is what both start, and `watch` what both look at.

Not imitated: roles and permissions, encryption, the function's memory limit, and its end at the timeout.
"""
