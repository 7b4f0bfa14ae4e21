"""The deployment on this machine: an emulator of AWS, and the real handlers for its messages and requests.

What stands in for what:
    S3, SQS, EventBridge,     moto's server, a process of its own on the loopback interface (`emulator`), with S3's
    Secrets Manager           checks of signed links and forms in front (`presigned`)
    CloudFormation            `stack`, which takes names and numbers from template.yaml (`template`)
    a Lambda function         `functions` (its settings), `container` (its processes), `runtime` (the program in them)
    event source mappings     `worker` and `mappings`, which call `poller`
    API Gateway               `gateway` behind an HTTP server (`server`), put together by `api`

The commands are `run` and `serve`. Both start a `deployment` and print the results that `watch` finds.

Not emulated: roles and permissions, encryption, the memory limit of a function, and its end at the timeout.
"""
