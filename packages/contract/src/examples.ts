// Recorded from a platform by `npm run examples`: a request and its reply for every call that is done.
import type { CallExample } from './openapi-examples.ts';

export const EXAMPLES: Readonly<Record<string, CallExample>> = {
  "Auth_AccessToken": {
    "body": {
      "apiKey": "EXAMPLE-KEY"
    },
    "status": 200,
    "reply": {
      "token": "EXAMPLE-TOKEN",
      "expiresIn": "3600",
      "scope": "openid"
    }
  },
  "Auth_SignOut": {
    "body": {},
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Auth_GetUser": {
    "status": 200,
    "reply": {
      "user": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "lastLogin": "2026-02-03T09:14:20.1Z",
        "displayName": "",
        "email": "",
        "settings": {},
        "photoUrl": "",
        "providerId": "",
        "emailVerified": false,
        "customClaims": null,
        "role": "ROLE_ADMIN",
        "firstName": "",
        "lastName": "",
        "contactInfo": {
          "company": "",
          "jobTitle": "",
          "phoneNumber": "",
          "address1": "",
          "address2": "",
          "city": "",
          "state": "",
          "zip": "",
          "country": ""
        },
        "disabled": false,
        "isOnboarded": false,
        "onboardingInfo": [],
        "userName": "admin",
        "limits": {
          "runningTasks": 0,
          "cpus": 0,
          "queuedTasks": 0
        }
      }
    }
  },
  "Auth_UpdateUser": {
    "body": {
      "firstName": "Ada",
      "lastName": "L",
      "contactInfo": {
        "jobTitle": "Engineer"
      },
      "displayName": "Ada L",
      "userName": "ada",
      "settings": {
        "dark_mode": "true"
      },
      "isOnboarded": true,
      "onboardingInfo": [
        {
          "step": "one",
          "answer": {
            "someKey": 1
          }
        }
      ]
    },
    "status": 200,
    "reply": {
      "user": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "lastLogin": "2026-02-03T09:14:20.1Z",
        "displayName": "Ada L",
        "email": "",
        "settings": {
          "dark_mode": "true"
        },
        "photoUrl": "",
        "providerId": "",
        "emailVerified": false,
        "customClaims": null,
        "role": "ROLE_ADMIN",
        "firstName": "Ada",
        "lastName": "L",
        "contactInfo": {
          "company": "",
          "jobTitle": "Engineer",
          "phoneNumber": "",
          "address1": "",
          "address2": "",
          "city": "",
          "state": "",
          "zip": "",
          "country": ""
        },
        "disabled": false,
        "isOnboarded": true,
        "onboardingInfo": [
          {
            "step": "one",
            "answer": {
              "someKey": 1
            }
          }
        ],
        "userName": "ada",
        "limits": {
          "runningTasks": 0,
          "cpus": 0,
          "queuedTasks": 0
        }
      }
    }
  },
  "Auth_Info": {
    "status": 200,
    "reply": {
      "version": {
        "major": 0,
        "minor": 1,
        "tag": "0.1.0"
      }
    }
  },
  "Auth_CreateApiKey": {
    "body": {
      "name": "ci",
      "code": "402913",
      "nonce": "n-51c0",
      "duration": "15552000s"
    },
    "status": 200,
    "reply": {
      "token": "EXAMPLE-TOKEN",
      "apiKey": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "name": "ci",
        "issuedAt": "2026-02-03T09:14:20.1Z",
        "expiresAt": "2026-08-02T09:00:00Z",
        "userId": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
        "revoked": false,
        "fingerprint": "9f:3a:51:c7",
        "lastUsedAt": null
      }
    }
  },
  "Auth_ListApiKeys": {
    "status": 200,
    "reply": {
      "apiKeys": [
        {
          "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "name": "api-key",
          "issuedAt": "2026-02-03T09:14:20.1Z",
          "expiresAt": "2026-08-02T09:00:00Z",
          "userId": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "revoked": false,
          "fingerprint": "9f:3a:51:c7",
          "lastUsedAt": "2026-02-03T09:14:20.1Z"
        }
      ]
    }
  },
  "Auth_RevokeApiKey": {
    "params": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {},
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Auth_ListSecrets": {
    "query": {
      "secretType": "s3"
    },
    "status": 200,
    "reply": {
      "secrets": [
        {
          "id": "media_store",
          "secretType": "aws",
          "accessKey": "EXAMPLEACCESS",
          "expiresAt": null,
          "params": {},
          "name": "Media store"
        }
      ]
    }
  },
  "Auth_CreateSecret": {
    "body": {
      "secret": {
        "id": "media_store",
        "secretType": "aws",
        "accessKey": "EXAMPLEACCESS",
        "expiresAt": "2026-08-02T09:00:00Z",
        "params": {
          "some_key": "1"
        },
        "name": "Media store"
      },
      "secretKey": "EXAMPLESECRET"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Auth_DeleteSecret": {
    "params": {
      "secretType": "aws",
      "id": "media_store"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Auth_RotateMasterKey": {
    "body": {},
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Auth_BeginBackup": {
    "body": {},
    "status": 200,
    "reply": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "file": "backup/6f0d2c1e-5b7a-4c3d-9e21-000000000001.db",
      "holdSeconds": 600
    }
  },
  "Auth_RenewBackup": {
    "params": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {},
    "status": 200,
    "reply": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "file": "backup/6f0d2c1e-5b7a-4c3d-9e21-000000000001.db",
      "holdSeconds": 600
    }
  },
  "Auth_EndBackup": {
    "params": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Auth_ListUsers": {
    "query": {
      "limit": "5",
      "offset": "0",
      "userName": "grace"
    },
    "status": 200,
    "reply": {
      "users": [
        {
          "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "createdAt": "2026-02-03T09:14:20.1Z",
          "lastLogin": null,
          "displayName": "",
          "email": "",
          "settings": {},
          "photoUrl": "",
          "providerId": "",
          "emailVerified": false,
          "customClaims": null,
          "role": "ROLE_USER",
          "firstName": "",
          "lastName": "",
          "contactInfo": {
            "company": "",
            "jobTitle": "",
            "phoneNumber": "",
            "address1": "",
            "address2": "",
            "city": "",
            "state": "",
            "zip": "",
            "country": ""
          },
          "disabled": false,
          "isOnboarded": false,
          "onboardingInfo": [],
          "userName": "grace",
          "limits": {
            "runningTasks": 0,
            "cpus": 0,
            "queuedTasks": 0
          }
        }
      ],
      "pagination": {
        "total": 1,
        "offset": 0,
        "hasPrevious": false,
        "hasNext": false
      }
    }
  },
  "Auth_CreateUser": {
    "body": {
      "userName": "ada",
      "email": "user@example.org",
      "role": "ROLE_DEVELOPER",
      "displayName": "A user"
    },
    "status": 200,
    "reply": {
      "user": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "lastLogin": null,
        "displayName": "A user",
        "email": "user@example.org",
        "settings": {},
        "photoUrl": "",
        "providerId": "",
        "emailVerified": false,
        "customClaims": null,
        "role": "ROLE_DEVELOPER",
        "firstName": "",
        "lastName": "",
        "contactInfo": {
          "company": "",
          "jobTitle": "",
          "phoneNumber": "",
          "address1": "",
          "address2": "",
          "city": "",
          "state": "",
          "zip": "",
          "country": ""
        },
        "disabled": false,
        "isOnboarded": false,
        "onboardingInfo": [],
        "userName": "ada",
        "limits": {
          "runningTasks": 0,
          "cpus": 0,
          "queuedTasks": 0
        }
      }
    }
  },
  "Auth_ChangeUser": {
    "params": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {
      "disabled": true,
      "role": "ROLE_ADMIN"
    },
    "status": 200,
    "reply": {
      "user": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "lastLogin": null,
        "displayName": "A user",
        "email": "user@example.org",
        "settings": {},
        "photoUrl": "",
        "providerId": "",
        "emailVerified": false,
        "customClaims": null,
        "role": "ROLE_ADMIN",
        "firstName": "",
        "lastName": "",
        "contactInfo": {
          "company": "",
          "jobTitle": "",
          "phoneNumber": "",
          "address1": "",
          "address2": "",
          "city": "",
          "state": "",
          "zip": "",
          "country": ""
        },
        "disabled": true,
        "isOnboarded": false,
        "onboardingInfo": [],
        "userName": "ada",
        "limits": {
          "runningTasks": 0,
          "cpus": 0,
          "queuedTasks": 0
        }
      }
    }
  },
  "Auth_CreateUserApiKey": {
    "params": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {
      "name": "ci",
      "code": "402913",
      "nonce": "n-51c0",
      "duration": "15552000s"
    },
    "status": 200,
    "reply": {
      "token": "EXAMPLE-TOKEN",
      "apiKey": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
        "name": "ci",
        "issuedAt": "2026-02-03T09:14:20.1Z",
        "expiresAt": "2026-08-02T09:00:00Z",
        "userId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "revoked": false,
        "fingerprint": "9f:3a:51:c7",
        "lastUsedAt": null
      }
    }
  },
  "Auth_ListUserApiKeys": {
    "params": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "status": 200,
    "reply": {
      "apiKeys": []
    }
  },
  "Auth_RevokeUserApiKey": {
    "params": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "keyId": "6f0d2c1e-5b7a-4c3d-9e21-000000000002"
    },
    "body": {},
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Auth_ListRunners": {
    "query": {
      "name": "big-one"
    },
    "status": 200,
    "reply": {
      "runners": [
        {
          "id": "big-one@farm",
          "name": "big-one",
          "token": "farm",
          "host": "big-one.example.org",
          "state": "RUNNER_STATE_READY",
          "reason": "",
          "tier": "namespace",
          "tierReason": "auto: the strongest tier that works here",
          "network": "egress",
          "cpus": 8,
          "memory": 32,
          "gpus": [
            "NVIDIA A100-SXM4-40GB"
          ],
          "labels": {
            "zone": "eu-1"
          },
          "overcommit": false,
          "version": "0.1.0",
          "runningTasks": 0,
          "registeredAt": "2026-02-03T09:14:20.1Z",
          "lastSeenAt": "2026-02-03T09:14:20.1Z"
        }
      ]
    }
  },
  "Auth_DrainRunner": {
    "params": {
      "id": "big-one@farm"
    },
    "body": {
      "reason": "new disk"
    },
    "status": 200,
    "reply": {
      "runner": {
        "id": "big-one@farm",
        "name": "big-one",
        "token": "farm",
        "host": "big-one.example.org",
        "state": "RUNNER_STATE_DRAINED",
        "reason": "new disk",
        "tier": "namespace",
        "tierReason": "auto: the strongest tier that works here",
        "network": "egress",
        "cpus": 8,
        "memory": 32,
        "gpus": [
          "NVIDIA A100-SXM4-40GB"
        ],
        "labels": {
          "zone": "eu-1"
        },
        "overcommit": false,
        "version": "0.1.0",
        "runningTasks": 0,
        "registeredAt": "2026-02-03T09:14:20.1Z",
        "lastSeenAt": "2026-02-03T09:14:20.1Z"
      }
    }
  },
  "Auth_ResumeRunner": {
    "params": {
      "id": "big-one@farm"
    },
    "body": {},
    "status": 200,
    "reply": {
      "runner": {
        "id": "big-one@farm",
        "name": "big-one",
        "token": "farm",
        "host": "big-one.example.org",
        "state": "RUNNER_STATE_READY",
        "reason": "",
        "tier": "namespace",
        "tierReason": "auto: the strongest tier that works here",
        "network": "egress",
        "cpus": 8,
        "memory": 32,
        "gpus": [
          "NVIDIA A100-SXM4-40GB"
        ],
        "labels": {
          "zone": "eu-1"
        },
        "overcommit": false,
        "version": "0.1.0",
        "runningTasks": 0,
        "registeredAt": "2026-02-03T09:14:20.1Z",
        "lastSeenAt": "2026-02-03T09:14:20.1Z"
      }
    }
  },
  "Auth_RemoveRunner": {
    "params": {
      "id": "big-one@farm"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Auth_ListRunnerTokens": {
    "status": 200,
    "reply": {
      "runnerTokens": [
        {
          "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "name": "farm",
          "fingerprint": "9f:3a:51:c7",
          "createdAt": "2026-02-03T09:14:20.1Z",
          "revoked": false,
          "revokedAt": null,
          "runners": 0
        },
        {
          "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "name": "farm",
          "fingerprint": "9f:3a:51:c7",
          "createdAt": "2026-02-03T09:14:20.1Z",
          "revoked": false,
          "revokedAt": null,
          "runners": 1
        }
      ]
    }
  },
  "Auth_CreateRunnerToken": {
    "body": {
      "name": "farm"
    },
    "status": 200,
    "reply": {
      "token": "EXAMPLE-TOKEN",
      "runnerToken": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "name": "farm",
        "fingerprint": "9f:3a:51:c7",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "revoked": false,
        "revokedAt": null,
        "runners": 0
      }
    }
  },
  "Auth_RevokeRunnerToken": {
    "params": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {},
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Customer_CreateJob": {
    "body": {
      "name": "July count",
      "description": "Nightly count",
      "jobId": "july-count",
      "app": "word-count",
      "partitioner": "line-splitter",
      "assembler": "passthrough",
      "dataSource": {
        "dataSourceDescriptor": "url",
        "params": {
          "@type": "type.googleapis.com/bytenite.data_source.HttpDataSource",
          "url": "https://data.example.org/july.zip",
          "name": ""
        }
      },
      "dataDestination": {
        "dataSourceDescriptor": "bucket"
      },
      "params": {
        "app": {
          "minLength": 3
        },
        "partitioner": {
          "linesPerChunk": 5
        },
        "assembler": {}
      },
      "config": {
        "taskTimeout": 600,
        "jobTimeout": 7200,
        "isTestJob": true,
        "maxTaskRetries": 2,
        "allowEmpty": false
      },
      "priority": "EXECUTION_PRIORITY_UNDEFINED",
      "run": false
    },
    "status": 200,
    "reply": {
      "job": {
        "id": "july-count",
        "templateId": "",
        "name": "July count",
        "description": "Nightly count",
        "config": {
          "taskTimeout": 600,
          "jobTimeout": 7200,
          "isTestJob": true,
          "maxTaskRetries": 2,
          "allowEmpty": false,
          "toleratedFailures": "",
          "speculation": false,
          "retryOn": [],
          "failOn": []
        },
        "priority": "EXECUTION_PRIORITY_UNDEFINED",
        "state": "JOB_STATE_NEW",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "submittedAt": null,
        "startedAt": null,
        "endedAt": null,
        "startAt": null,
        "deletedAt": null,
        "regions": null,
        "dataSource": {
          "dataSourceDescriptor": "url",
          "params": {
            "@type": "type.googleapis.com/bytenite.data_source.HttpDataSource",
            "url": "https://data.example.org/july.zip",
            "name": "",
            "username": "",
            "password": ""
          }
        },
        "dataDestination": {
          "dataSourceDescriptor": "bucket",
          "params": null
        },
        "params": {
          "preset": "",
          "partitioner": {
            "linesPerChunk": 5
          },
          "assembler": {},
          "app": {
            "minLength": 3
          }
        },
        "duration": 0,
        "paymentAmount": 0,
        "numUnitsEstimation": "0",
        "numChunks": 0,
        "errorMessage": "",
        "stateTimestamps": {
          "JOB_STATE_NEW": "2026-02-03T09:14:20Z"
        },
        "appId": "word-count",
        "templateInfo": {
          "id": "",
          "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "description": "",
          "app": "word-count",
          "partitioner": "line-splitter",
          "assembler": "passthrough"
        },
        "failureReason": "NONE",
        "failedChunks": 0,
        "waitingReason": "",
        "taskCounts": {},
        "pinned": null
      },
      "templateInfo": {
        "id": "",
        "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "description": "",
        "app": "word-count",
        "partitioner": "line-splitter",
        "assembler": "passthrough"
      }
    }
  },
  "Customer_ListJobs": {
    "query": {
      "limit": "5",
      "offset": "0",
      "orderBy": "-createdAt"
    },
    "status": 200,
    "reply": {
      "pagination": {
        "total": 1,
        "offset": 0,
        "hasPrevious": false,
        "hasNext": false
      },
      "data": [
        {
          "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "templateId": "word-count",
          "name": "July count",
          "description": "Nightly count",
          "config": {
            "taskTimeout": 600,
            "jobTimeout": 0,
            "isTestJob": false,
            "maxTaskRetries": 3,
            "allowEmpty": false,
            "toleratedFailures": "",
            "speculation": false,
            "retryOn": [],
            "failOn": []
          },
          "priority": "EXECUTION_PRIORITY_UNDEFINED",
          "state": "JOB_STATE_COMPLETE",
          "createdAt": "2026-02-03T09:14:20.1Z",
          "submittedAt": "2026-02-03T09:14:20.4Z",
          "startedAt": "2026-02-03T09:14:21.7Z",
          "endedAt": "2026-02-03T09:16:52.5Z",
          "startAt": null,
          "deletedAt": null,
          "regions": null,
          "dataSource": {
            "dataSourceDescriptor": "bypass",
            "params": null
          },
          "dataDestination": {
            "dataSourceDescriptor": "bucket",
            "params": null
          },
          "params": {
            "preset": "",
            "partitioner": {},
            "assembler": {},
            "app": {
              "minLength": 3
            }
          },
          "duration": 152.4,
          "paymentAmount": 0.305,
          "numUnitsEstimation": "0",
          "numChunks": 1,
          "errorMessage": "",
          "stateTimestamps": {
            "JOB_STATE_NEW": "2026-02-03T09:14:20Z",
            "JOB_STATE_STARTED": "2026-02-03T09:14:21Z",
            "JOB_STATE_UPLOADING": "2026-02-03T09:14:22Z",
            "JOB_STATE_PARTITIONING": "2026-02-03T09:14:23Z",
            "JOB_STATE_PARTITIONED": "2026-02-03T09:14:24Z",
            "JOB_STATE_TASKS_COMPLETED": "2026-02-03T09:14:25Z",
            "JOB_STATE_MERGING": "2026-02-03T09:14:26Z",
            "JOB_STATE_MERGED": "2026-02-03T09:14:27Z",
            "JOB_STATE_DOWNLOADING": "2026-02-03T09:14:28Z",
            "JOB_STATE_COMPLETE": "2026-02-03T09:14:29Z"
          },
          "appId": "word-count@1.0",
          "templateInfo": {
            "id": "word-count",
            "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
            "description": "Counts words",
            "app": "word-count",
            "partitioner": "passthrough",
            "assembler": "passthrough"
          },
          "failureReason": "NONE",
          "failedChunks": 0,
          "waitingReason": "",
          "taskCounts": {
            "TASK_STATE_COMPLETED": 1
          },
          "pinned": {
            "app": {
              "tag": "word-count@1.0",
              "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
              "revision": 1,
              "hash": "q1Zt8wV0b7mXo2dYkR5uJc3nEaHfLpGsTi9QyWvKzM4="
            },
            "partitioner": null,
            "assembler": null
          }
        }
      ]
    }
  },
  "Customer_GetJob": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "status": 200,
    "reply": {
      "job": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "templateId": "word-count",
        "name": "July count",
        "description": "Nightly count",
        "config": {
          "taskTimeout": 600,
          "jobTimeout": 0,
          "isTestJob": false,
          "maxTaskRetries": 3,
          "allowEmpty": false,
          "toleratedFailures": "",
          "speculation": false,
          "retryOn": [],
          "failOn": []
        },
        "priority": "EXECUTION_PRIORITY_UNDEFINED",
        "state": "JOB_STATE_COMPLETE",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "submittedAt": "2026-02-03T09:14:20.4Z",
        "startedAt": "2026-02-03T09:14:21.7Z",
        "endedAt": "2026-02-03T09:16:52.5Z",
        "startAt": null,
        "deletedAt": null,
        "regions": null,
        "dataSource": {
          "dataSourceDescriptor": "bypass",
          "params": null
        },
        "dataDestination": {
          "dataSourceDescriptor": "bucket",
          "params": null
        },
        "params": {
          "preset": "",
          "partitioner": {},
          "assembler": {},
          "app": {
            "minLength": 3
          }
        },
        "duration": 152.4,
        "paymentAmount": 0.305,
        "numUnitsEstimation": "0",
        "numChunks": 1,
        "errorMessage": "",
        "stateTimestamps": {
          "JOB_STATE_NEW": "2026-02-03T09:14:20Z",
          "JOB_STATE_STARTED": "2026-02-03T09:14:21Z",
          "JOB_STATE_UPLOADING": "2026-02-03T09:14:22Z",
          "JOB_STATE_PARTITIONING": "2026-02-03T09:14:23Z",
          "JOB_STATE_PARTITIONED": "2026-02-03T09:14:24Z",
          "JOB_STATE_TASKS_COMPLETED": "2026-02-03T09:14:25Z",
          "JOB_STATE_MERGING": "2026-02-03T09:14:26Z",
          "JOB_STATE_MERGED": "2026-02-03T09:14:27Z",
          "JOB_STATE_DOWNLOADING": "2026-02-03T09:14:28Z",
          "JOB_STATE_COMPLETE": "2026-02-03T09:14:29Z"
        },
        "appId": "word-count@1.0",
        "templateInfo": {
          "id": "word-count",
          "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "description": "Counts words",
          "app": "word-count",
          "partitioner": "passthrough",
          "assembler": "passthrough"
        },
        "failureReason": "NONE",
        "failedChunks": 0,
        "waitingReason": "",
        "taskCounts": {
          "TASK_STATE_COMPLETED": 1
        },
        "pinned": {
          "app": {
            "tag": "word-count@1.0",
            "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
            "revision": 1,
            "hash": "q1Zt8wV0b7mXo2dYkR5uJc3nEaHfLpGsTi9QyWvKzM4="
          },
          "partitioner": null,
          "assembler": null
        }
      },
      "templateInfo": {
        "id": "word-count",
        "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
        "description": "Counts words",
        "app": "word-count",
        "partitioner": "passthrough",
        "assembler": "passthrough"
      }
    }
  },
  "Customer_DeleteJob": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Customer_UpdateDataSource": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {
      "dataSource": {
        "dataSourceDescriptor": "url",
        "params": {
          "@type": "type.googleapis.com/bytenite.data_source.HttpDataSource",
          "url": "https://data.example.org/july.zip",
          "name": ""
        }
      },
      "dataDestination": {
        "dataSourceDescriptor": "bucket"
      }
    },
    "status": 200,
    "reply": {
      "job": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "templateId": "",
        "name": "word-count",
        "description": "",
        "config": {
          "taskTimeout": 0,
          "jobTimeout": 0,
          "isTestJob": false,
          "maxTaskRetries": 3,
          "allowEmpty": false,
          "toleratedFailures": "",
          "speculation": false,
          "retryOn": [],
          "failOn": []
        },
        "priority": "EXECUTION_PRIORITY_UNDEFINED",
        "state": "JOB_STATE_NEW",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "submittedAt": null,
        "startedAt": null,
        "endedAt": null,
        "startAt": null,
        "deletedAt": null,
        "regions": null,
        "dataSource": {
          "dataSourceDescriptor": "url",
          "params": {
            "@type": "type.googleapis.com/bytenite.data_source.HttpDataSource",
            "url": "https://data.example.org/july.zip",
            "name": "",
            "username": "",
            "password": ""
          }
        },
        "dataDestination": {
          "dataSourceDescriptor": "bucket",
          "params": null
        },
        "params": {
          "preset": "",
          "partitioner": {},
          "assembler": {},
          "app": {}
        },
        "duration": 0,
        "paymentAmount": 0,
        "numUnitsEstimation": "0",
        "numChunks": 0,
        "errorMessage": "",
        "stateTimestamps": {
          "JOB_STATE_NEW": "2026-02-03T09:14:20Z"
        },
        "appId": "word-count",
        "templateInfo": {
          "id": "",
          "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "description": "",
          "app": "word-count",
          "partitioner": "passthrough",
          "assembler": "passthrough"
        },
        "failureReason": "NONE",
        "failedChunks": 0,
        "waitingReason": "",
        "taskCounts": {},
        "pinned": null
      },
      "templateInfo": {
        "id": "",
        "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
        "description": "",
        "app": "word-count",
        "partitioner": "passthrough",
        "assembler": "passthrough"
      }
    }
  },
  "Customer_UpdateParams": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {
      "app": {
        "minLength": 3
      },
      "preset": ""
    },
    "status": 200,
    "reply": {
      "job": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "templateId": "",
        "name": "word-count",
        "description": "",
        "config": {
          "taskTimeout": 0,
          "jobTimeout": 0,
          "isTestJob": false,
          "maxTaskRetries": 3,
          "allowEmpty": false,
          "toleratedFailures": "",
          "speculation": false,
          "retryOn": [],
          "failOn": []
        },
        "priority": "EXECUTION_PRIORITY_UNDEFINED",
        "state": "JOB_STATE_NEW",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "submittedAt": null,
        "startedAt": null,
        "endedAt": null,
        "startAt": null,
        "deletedAt": null,
        "regions": null,
        "dataSource": null,
        "dataDestination": null,
        "params": {
          "preset": "",
          "partitioner": {},
          "assembler": {},
          "app": {
            "minLength": 3
          }
        },
        "duration": 0,
        "paymentAmount": 0,
        "numUnitsEstimation": "0",
        "numChunks": 0,
        "errorMessage": "",
        "stateTimestamps": {
          "JOB_STATE_NEW": "2026-02-03T09:14:20Z"
        },
        "appId": "word-count",
        "templateInfo": {
          "id": "",
          "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "description": "",
          "app": "word-count",
          "partitioner": "passthrough",
          "assembler": "passthrough"
        },
        "failureReason": "NONE",
        "failedChunks": 0,
        "waitingReason": "",
        "taskCounts": {},
        "pinned": null
      },
      "templateInfo": {
        "id": "",
        "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
        "description": "",
        "app": "word-count",
        "partitioner": "passthrough",
        "assembler": "passthrough"
      }
    }
  },
  "Customer_RenameJob": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {
      "name": "Another name"
    },
    "status": 200,
    "reply": {
      "job": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "templateId": "",
        "name": "Another name",
        "description": "",
        "config": {
          "taskTimeout": 0,
          "jobTimeout": 0,
          "isTestJob": false,
          "maxTaskRetries": 3,
          "allowEmpty": false,
          "toleratedFailures": "",
          "speculation": false,
          "retryOn": [],
          "failOn": []
        },
        "priority": "EXECUTION_PRIORITY_UNDEFINED",
        "state": "JOB_STATE_NEW",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "submittedAt": null,
        "startedAt": null,
        "endedAt": null,
        "startAt": null,
        "deletedAt": null,
        "regions": null,
        "dataSource": null,
        "dataDestination": null,
        "params": {
          "preset": "",
          "partitioner": {},
          "assembler": {},
          "app": {}
        },
        "duration": 0,
        "paymentAmount": 0,
        "numUnitsEstimation": "0",
        "numChunks": 0,
        "errorMessage": "",
        "stateTimestamps": {
          "JOB_STATE_NEW": "2026-02-03T09:14:20Z"
        },
        "appId": "word-count",
        "templateInfo": {
          "id": "",
          "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "description": "",
          "app": "word-count",
          "partitioner": "passthrough",
          "assembler": "passthrough"
        },
        "failureReason": "NONE",
        "failedChunks": 0,
        "waitingReason": "",
        "taskCounts": {},
        "pinned": null
      },
      "templateInfo": {
        "id": "",
        "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
        "description": "",
        "app": "word-count",
        "partitioner": "passthrough",
        "assembler": "passthrough"
      }
    }
  },
  "Customer_UpdateConfigs": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {
      "taskTimeout": 600,
      "jobTimeout": 7200,
      "isTestJob": true,
      "maxTaskRetries": 2,
      "allowEmpty": false
    },
    "status": 200,
    "reply": {
      "job": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "templateId": "",
        "name": "word-count",
        "description": "",
        "config": {
          "taskTimeout": 600,
          "jobTimeout": 7200,
          "isTestJob": true,
          "maxTaskRetries": 2,
          "allowEmpty": false,
          "toleratedFailures": "",
          "speculation": false,
          "retryOn": [],
          "failOn": []
        },
        "priority": "EXECUTION_PRIORITY_UNDEFINED",
        "state": "JOB_STATE_NEW",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "submittedAt": null,
        "startedAt": null,
        "endedAt": null,
        "startAt": null,
        "deletedAt": null,
        "regions": null,
        "dataSource": null,
        "dataDestination": null,
        "params": {
          "preset": "",
          "partitioner": {},
          "assembler": {},
          "app": {}
        },
        "duration": 0,
        "paymentAmount": 0,
        "numUnitsEstimation": "0",
        "numChunks": 0,
        "errorMessage": "",
        "stateTimestamps": {
          "JOB_STATE_NEW": "2026-02-03T09:14:20Z"
        },
        "appId": "word-count",
        "templateInfo": {
          "id": "",
          "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "description": "",
          "app": "word-count",
          "partitioner": "passthrough",
          "assembler": "passthrough"
        },
        "failureReason": "NONE",
        "failedChunks": 0,
        "waitingReason": "",
        "taskCounts": {},
        "pinned": null
      },
      "templateInfo": {
        "id": "",
        "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
        "description": "",
        "app": "word-count",
        "partitioner": "passthrough",
        "assembler": "passthrough"
      }
    }
  },
  "Customer_RunJob": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {
      "config": {
        "taskTimeout": 600,
        "jobTimeout": 7200,
        "isTestJob": true,
        "maxTaskRetries": 2,
        "allowEmpty": false
      }
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Customer_AbortJob": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {},
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Customer_UploadCompleted": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {},
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Customer_GetResults": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "status": 200,
    "reply": {
      "results": [
        {
          "name": "totals/words.json",
          "link": "https://bytenite.example.org/f/r/1/1/totals/words.json?sig=EXAMPLE"
        }
      ]
    }
  },
  "Customer_ListTasks": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "query": {
      "limit": "50",
      "orderBy": "chunkNumber",
      "state": "TASK_STATE_COMPLETED",
      "kind": "APP"
    },
    "status": 200,
    "reply": {
      "pagination": {
        "total": 1,
        "offset": 0,
        "hasPrevious": false,
        "hasNext": false
      },
      "data": [
        {
          "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "templateId": "word-count",
          "kind": "APP",
          "state": "TASK_STATE_COMPLETED",
          "stateTimestamps": {
            "TASK_STATE_SCHEDULED": "2026-02-03T09:14:20Z",
            "TASK_STATE_ASSIGNED": "2026-02-03T09:14:21Z",
            "TASK_STATE_RECEIVED": "2026-02-03T09:14:22Z",
            "TASK_STATE_RUNNING": "2026-02-03T09:14:23Z",
            "TASK_STATE_COMPLETED": "2026-02-03T09:14:24Z"
          },
          "chunkNumber": 0,
          "attempt": 1,
          "assignedTo": "test-runner",
          "createdAt": "2026-02-03T09:14:20.1Z",
          "startedAt": "2026-02-03T09:14:21.7Z",
          "completedAt": "2026-02-03T09:14:52.2Z",
          "price": 0.1017,
          "errorMessage": "",
          "attempts": [
            {
              "attempt": 1,
              "assignedTo": "test-runner",
              "startedAt": "2026-02-03T09:14:21.7Z",
              "endedAt": "2026-02-03T09:16:52.5Z",
              "exitCode": 0,
              "reason": "",
              "errorMessage": ""
            }
          ],
          "stats": {
            "cpuSeconds": 10.2,
            "maxMemoryBytes": 48234496,
            "inputBytes": 10,
            "outputBytes": 12,
            "queueSeconds": 0.6,
            "startSeconds": 0.4,
            "transferSeconds": 0.3,
            "runSeconds": 30.5
          }
        }
      ]
    }
  },
  "Customer_GetTask": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "taskId": "6f0d2c1e-5b7a-4c3d-9e21-000000000002"
    },
    "status": 200,
    "reply": {
      "task": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
        "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "templateId": "word-count",
        "kind": "APP",
        "state": "TASK_STATE_COMPLETED",
        "stateTimestamps": {
          "TASK_STATE_SCHEDULED": "2026-02-03T09:14:20Z",
          "TASK_STATE_ASSIGNED": "2026-02-03T09:14:21Z",
          "TASK_STATE_RECEIVED": "2026-02-03T09:14:22Z",
          "TASK_STATE_RUNNING": "2026-02-03T09:14:23Z",
          "TASK_STATE_COMPLETED": "2026-02-03T09:14:24Z"
        },
        "chunkNumber": 0,
        "attempt": 1,
        "assignedTo": "test-runner",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "startedAt": "2026-02-03T09:14:21.7Z",
        "completedAt": "2026-02-03T09:14:52.2Z",
        "price": 0.1017,
        "errorMessage": "",
        "attempts": [
          {
            "attempt": 1,
            "assignedTo": "test-runner",
            "startedAt": "2026-02-03T09:14:21.7Z",
            "endedAt": "2026-02-03T09:16:52.5Z",
            "exitCode": 0,
            "reason": "",
            "errorMessage": ""
          }
        ],
        "stats": {
          "cpuSeconds": 10.2,
          "maxMemoryBytes": 48234496,
          "inputBytes": 10,
          "outputBytes": 12,
          "queueSeconds": 0.6,
          "startSeconds": 0.4,
          "transferSeconds": 0.3,
          "runSeconds": 30.5
        }
      }
    }
  },
  "Customer_Logs": {
    "body": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "levels": [
        "INFO",
        "UNKNOWN"
      ],
      "services": [
        "TASKRUNNER"
      ],
      "limit": 1000
    },
    "status": 200,
    "reply": {
      "partitioner": [],
      "assembler": [],
      "taskrunner": {
        "6f0d2c1e-5b7a-4c3d-9e21-000000000002": {
          "logs": [
            {
              "log": "image python:3.12-slim is not used: the component runs on this host's /usr/bin/python3 (sandbox namespace)",
              "timestamp": "2026-02-03T09:14:41Z",
              "level": "INFO",
              "container": "main"
            },
            {
              "log": "container started",
              "timestamp": "2026-02-03T09:14:41Z",
              "level": "INFO",
              "container": "main"
            },
            {
              "log": "counted 1 lines",
              "timestamp": "2026-02-03T09:14:41Z",
              "level": "UNKNOWN",
              "container": ""
            }
          ]
        }
      }
    }
  },
  "Customer_Events": {
    "query": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "events": "job.updated",
      "lastEventId": "0"
    },
    "status": 200,
    "reply": {
      "result": {
        "event": "job.updated",
        "id": "184467",
        "data": {
          "@type": "type.googleapis.com/bytenite.customer.JobEvent",
          "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "job": {
            "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
            "templateId": "word-count",
            "name": "July count",
            "description": "Nightly count",
            "config": {
              "taskTimeout": 600,
              "jobTimeout": 0,
              "isTestJob": false,
              "maxTaskRetries": 3,
              "allowEmpty": false,
              "toleratedFailures": "",
              "speculation": false,
              "retryOn": [],
              "failOn": []
            },
            "priority": "EXECUTION_PRIORITY_UNDEFINED",
            "state": "JOB_STATE_COMPLETE",
            "createdAt": "2026-02-03T09:14:20.1Z",
            "submittedAt": "2026-02-03T09:14:20.4Z",
            "startedAt": "2026-02-03T09:14:21.7Z",
            "endedAt": "2026-02-03T09:16:52.5Z",
            "startAt": null,
            "deletedAt": null,
            "regions": null,
            "dataSource": {
              "dataSourceDescriptor": "bypass",
              "params": null
            },
            "dataDestination": {
              "dataSourceDescriptor": "bucket",
              "params": null
            },
            "params": {
              "preset": "",
              "partitioner": {},
              "assembler": {},
              "app": {
                "minLength": 3
              }
            },
            "duration": 152.4,
            "paymentAmount": 0.305,
            "numUnitsEstimation": "0",
            "numChunks": 1,
            "errorMessage": "",
            "stateTimestamps": {
              "JOB_STATE_NEW": "2026-02-03T09:14:20Z",
              "JOB_STATE_STARTED": "2026-02-03T09:14:21Z",
              "JOB_STATE_UPLOADING": "2026-02-03T09:14:22Z",
              "JOB_STATE_PARTITIONING": "2026-02-03T09:14:23Z",
              "JOB_STATE_PARTITIONED": "2026-02-03T09:14:24Z",
              "JOB_STATE_TASKS_COMPLETED": "2026-02-03T09:14:25Z",
              "JOB_STATE_MERGING": "2026-02-03T09:14:26Z",
              "JOB_STATE_MERGED": "2026-02-03T09:14:27Z",
              "JOB_STATE_DOWNLOADING": "2026-02-03T09:14:28Z",
              "JOB_STATE_COMPLETE": "2026-02-03T09:14:29Z"
            },
            "appId": "word-count@1.0",
            "templateInfo": {
              "id": "word-count",
              "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
              "description": "Counts words",
              "app": "word-count",
              "partitioner": "passthrough",
              "assembler": "passthrough"
            },
            "failureReason": "NONE",
            "failedChunks": 0,
            "waitingReason": "",
            "taskCounts": {
              "TASK_STATE_COMPLETED": 1
            },
            "pinned": {
              "app": {
                "tag": "word-count@1.0",
                "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
                "revision": 1,
                "hash": "q1Zt8wV0b7mXo2dYkR5uJc3nEaHfLpGsTi9QyWvKzM4="
              },
              "partitioner": null,
              "assembler": null
            }
          }
        }
      }
    }
  },
  "Customer_Info": {
    "status": 200,
    "reply": {
      "version": {
        "major": 0,
        "minor": 1,
        "tag": "0.1.0"
      },
      "messages": []
    }
  },
  "Customer_RetryJob": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {
      "config": {
        "taskTimeout": 600,
        "jobTimeout": 7200,
        "isTestJob": true,
        "maxTaskRetries": 2,
        "allowEmpty": false,
        "toleratedFailures": "2%"
      },
      "useLatest": true
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Customer_ExplainJob": {
    "params": {
      "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "query": {
      "taskId": ""
    },
    "status": 200,
    "reply": {
      "state": "JOB_STATE_FAILED",
      "summary": "has ended: aborted by user",
      "reasons": [
        {
          "code": "ENDED",
          "message": "has ended: aborted by user",
          "details": {
            "failureReason": "ABORTED"
          }
        }
      ],
      "queue": {
        "position": 0,
        "ahead": {
          "ownJobs": 0,
          "ownTasks": 0,
          "otherUsers": 0
        }
      },
      "eta": {
        "seconds": null,
        "basis": "has ended: aborted by user"
      }
    }
  },
  "Customer_FilterJobs": {
    "body": {
      "pagination": {
        "limit": 50,
        "offset": 0
      },
      "orderBy": "-createdAt",
      "filters": [
        {
          "field": "state",
          "condition": "FILTER_CONDITION_IN",
          "value": [
            "JOB_STATE_COMPLETE"
          ]
        },
        {
          "field": "templateId",
          "condition": "FILTER_CONDITION_EQ",
          "value": "word-count"
        }
      ]
    },
    "status": 200,
    "reply": {
      "pagination": {
        "total": 1,
        "offset": 0,
        "hasPrevious": false,
        "hasNext": false
      },
      "data": [
        {
          "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "templateId": "word-count",
          "name": "July count",
          "description": "Nightly count",
          "config": {
            "taskTimeout": 600,
            "jobTimeout": 0,
            "isTestJob": false,
            "maxTaskRetries": 3,
            "allowEmpty": false,
            "toleratedFailures": "",
            "speculation": false,
            "retryOn": [],
            "failOn": []
          },
          "priority": "EXECUTION_PRIORITY_UNDEFINED",
          "state": "JOB_STATE_COMPLETE",
          "createdAt": "2026-02-03T09:14:20.1Z",
          "submittedAt": "2026-02-03T09:14:20.4Z",
          "startedAt": "2026-02-03T09:14:21.7Z",
          "endedAt": "2026-02-03T09:16:52.5Z",
          "startAt": null,
          "deletedAt": null,
          "regions": null,
          "dataSource": {
            "dataSourceDescriptor": "bypass",
            "params": null
          },
          "dataDestination": {
            "dataSourceDescriptor": "bucket",
            "params": null
          },
          "params": {
            "preset": "",
            "partitioner": {},
            "assembler": {},
            "app": {
              "minLength": 3
            }
          },
          "duration": 152.4,
          "paymentAmount": 0.305,
          "numUnitsEstimation": "0",
          "numChunks": 1,
          "errorMessage": "",
          "stateTimestamps": {
            "JOB_STATE_NEW": "2026-02-03T09:14:20Z",
            "JOB_STATE_STARTED": "2026-02-03T09:14:21Z",
            "JOB_STATE_UPLOADING": "2026-02-03T09:14:22Z",
            "JOB_STATE_PARTITIONING": "2026-02-03T09:14:23Z",
            "JOB_STATE_PARTITIONED": "2026-02-03T09:14:24Z",
            "JOB_STATE_TASKS_COMPLETED": "2026-02-03T09:14:25Z",
            "JOB_STATE_MERGING": "2026-02-03T09:14:26Z",
            "JOB_STATE_MERGED": "2026-02-03T09:14:27Z",
            "JOB_STATE_DOWNLOADING": "2026-02-03T09:14:28Z",
            "JOB_STATE_COMPLETE": "2026-02-03T09:14:29Z"
          },
          "appId": "word-count@1.0",
          "templateInfo": {
            "id": "word-count",
            "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
            "description": "Counts words",
            "app": "word-count",
            "partitioner": "passthrough",
            "assembler": "passthrough"
          },
          "failureReason": "NONE",
          "failedChunks": 0,
          "waitingReason": "",
          "taskCounts": {
            "TASK_STATE_COMPLETED": 1
          },
          "pinned": {
            "app": {
              "tag": "word-count@1.0",
              "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
              "revision": 1,
              "hash": "q1Zt8wV0b7mXo2dYkR5uJc3nEaHfLpGsTi9QyWvKzM4="
            },
            "partitioner": null,
            "assembler": null
          }
        }
      ]
    }
  },
  "Customer_RunningTasks": {
    "body": {
      "jobsIds": [
        "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
      ]
    },
    "status": 200,
    "reply": {
      "jobsRunningTasks": {
        "6f0d2c1e-5b7a-4c3d-9e21-000000000001": 0
      }
    }
  },
  "Customer_ListTemplates": {
    "query": {
      "limit": "5",
      "offset": "0",
      "orderBy": "-createdAt"
    },
    "status": 200,
    "reply": {
      "pagination": {
        "total": 2,
        "offset": 0,
        "hasPrevious": false,
        "hasNext": false
      },
      "data": [
        {
          "id": "shared-count",
          "createdAt": "2026-02-03T09:14:20.1Z",
          "updatedAt": "2026-02-03T09:16:52.5Z",
          "isPublic": true,
          "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "userName": "grace",
          "description": "",
          "app": "shared-count",
          "partitioner": "passthrough",
          "assembler": "passthrough",
          "dataSource": null,
          "dataDestination": null,
          "params": {
            "partitioner": {},
            "app": {},
            "assembler": {}
          },
          "config": {
            "taskTimeout": 0,
            "jobTimeout": 0,
            "isTestJob": false,
            "maxTaskRetries": 3,
            "allowEmpty": false,
            "toleratedFailures": "",
            "speculation": false,
            "retryOn": [],
            "failOn": []
          },
          "priority": "EXECUTION_PRIORITY_UNDEFINED"
        },
        {
          "id": "word-count",
          "createdAt": "2026-02-03T09:14:20.1Z",
          "updatedAt": "2026-02-03T09:16:52.5Z",
          "isPublic": false,
          "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "userName": "admin",
          "description": "Counts words",
          "app": "word-count",
          "partitioner": "passthrough",
          "assembler": "passthrough",
          "dataSource": null,
          "dataDestination": {
            "dataSourceDescriptor": "bucket",
            "params": null
          },
          "params": {
            "partitioner": {},
            "app": {
              "minLength": 1
            },
            "assembler": {}
          },
          "config": {
            "taskTimeout": 0,
            "jobTimeout": 0,
            "isTestJob": false,
            "maxTaskRetries": 3,
            "allowEmpty": false,
            "toleratedFailures": "",
            "speculation": false,
            "retryOn": [],
            "failOn": []
          },
          "priority": "EXECUTION_PRIORITY_UNDEFINED"
        }
      ]
    }
  },
  "Customer_TemplatePresets": {
    "params": {
      "id": "word-count"
    },
    "status": 200,
    "reply": {
      "presets": []
    }
  },
  "Customer_TestDataSource": {
    "body": {
      "dataSource": {
        "dataSourceDescriptor": "bypass"
      },
      "listFiles": true
    },
    "status": 200,
    "reply": {
      "filename": "",
      "path": "",
      "size": "0",
      "properties": {},
      "tempUrl": "",
      "files": {
        "name": "",
        "path": "",
        "directories": [],
        "files": []
      }
    }
  },
  "Customer_GetSchema": {
    "params": {
      "id": "word-count"
    },
    "query": {
      "version": "1.0"
    },
    "status": 200,
    "reply": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "name": "word-count",
      "version": "1.0",
      "schema": null
    }
  },
  "Customer_JobTypeStats": {
    "status": 200,
    "reply": {
      "stats": {}
    }
  },
  "Customer_StatsDetail": {
    "params": {
      "id": "any"
    },
    "status": 200,
    "reply": {
      "stats": {}
    }
  },
  "Customer_WalletBalance": {
    "status": 200,
    "reply": {
      "accountId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "totalBalance": 499.695,
      "availableBalance": 499.695,
      "amountDue": 0
    }
  },
  "Developer_ListApps": {
    "query": {
      "limit": "5",
      "offset": "0",
      "orderBy": "-createdAt",
      "isPublic": "false"
    },
    "status": 200,
    "reply": {
      "apps": [
        {
          "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "name": "word-count",
          "version": "1.0",
          "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "userName": "admin",
          "status": "active",
          "hash": "q1Zt8wV0b7mXo2dYkR5uJc3nEaHfLpGsTi9QyWvKzM4=",
          "platform": "docker",
          "platformConfig": {
            "container": "python:3.12-slim",
            "privateImage": false,
            "username": "",
            "token": "",
            "secrets": [],
            "registrySecret": "",
            "network": "default",
            "preload": [],
            "readOnlyInput": false
          },
          "deviceRequirements": {
            "minCpu": 1,
            "minMemory": 0.25,
            "gpu": []
          },
          "entrypoint": "main.py",
          "description": "",
          "link": "",
          "isPublic": false,
          "createdAt": "2026-02-03T09:14:20.1Z",
          "updatedAt": "2026-02-03T09:16:52.5Z",
          "revision": "1"
        },
        {
          "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
          "name": "wire-run-app",
          "version": "1.0",
          "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "userName": "admin",
          "status": "active",
          "hash": "q1Zt8wV0b7mXo2dYkR5uJc3nEaHfLpGsTi9QyWvKzM4=",
          "platform": "docker",
          "platformConfig": {
            "container": "python:3.12-slim",
            "privateImage": false,
            "username": "",
            "token": "",
            "secrets": [],
            "registrySecret": "",
            "network": "default",
            "preload": [],
            "readOnlyInput": false
          },
          "deviceRequirements": {
            "minCpu": 1,
            "minMemory": 0.25,
            "gpu": []
          },
          "entrypoint": "main.py",
          "description": "",
          "link": "",
          "isPublic": false,
          "createdAt": "2026-02-03T09:14:20.1Z",
          "updatedAt": "2026-02-03T09:16:52.5Z",
          "revision": "1"
        }
      ],
      "pagination": {
        "total": 2,
        "offset": 0,
        "hasPrevious": false,
        "hasNext": false
      }
    }
  },
  "Developer_PushApp": {
    "body": {
      "data": "UEFDS0FHRQ=="
    },
    "status": 200,
    "reply": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "name": "word-count",
      "version": "1.0",
      "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
      "userName": "ada",
      "status": "inactive",
      "hash": "q1Zt8wV0b7mXo2dYkR5uJc3nEaHfLpGsTi9QyWvKzM4=",
      "platform": "docker",
      "platformConfig": {
        "container": "c",
        "privateImage": false,
        "username": "",
        "token": "",
        "secrets": [],
        "registrySecret": "",
        "network": "default",
        "preload": [],
        "readOnlyInput": false
      },
      "deviceRequirements": {
        "minCpu": 1,
        "minMemory": 1,
        "gpu": []
      },
      "entrypoint": "main.py",
      "description": "",
      "link": "",
      "isPublic": false,
      "createdAt": "2026-02-03T09:14:20.1Z",
      "updatedAt": "2026-02-03T09:16:52.5Z",
      "revision": "1"
    }
  },
  "Developer_GetApp": {
    "params": {
      "tag": "word-count@1.0"
    },
    "status": 200,
    "reply": {
      "app": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "name": "word-count",
        "version": "1.0",
        "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
        "userName": "ada",
        "status": "active",
        "hash": "q1Zt8wV0b7mXo2dYkR5uJc3nEaHfLpGsTi9QyWvKzM4=",
        "platform": "docker",
        "platformConfig": {
          "container": "python:3.12-slim",
          "privateImage": false,
          "username": "",
          "token": "",
          "secrets": [],
          "registrySecret": "",
          "network": "default",
          "preload": [],
          "readOnlyInput": false
        },
        "deviceRequirements": {
          "minCpu": 1,
          "minMemory": 0.25,
          "gpu": []
        },
        "entrypoint": "main.py",
        "description": "",
        "link": "",
        "isPublic": false,
        "createdAt": "2026-02-03T09:14:20.1Z",
        "updatedAt": "2026-02-03T09:16:52.5Z",
        "revision": "1"
      }
    }
  },
  "Developer_AppStatus": {
    "params": {
      "tag": "word-count@1.0"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "active",
      "error": null
    }
  },
  "Developer_ActivateApp": {
    "params": {
      "tag": "word-count@1.0"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Developer_DeactivateApp": {
    "params": {
      "tag": "word-count@1"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Developer_DownloadApp": {
    "params": {
      "tag": "word-count@1.0"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "https://bytenite.example.org/f/p/6f0d2c1e-5b7a-4c3d-9e21-000000000001/1?sig=EXAMPLE",
      "error": null
    }
  },
  "Developer_ListEngines": {
    "query": {
      "limit": "5",
      "offset": "0",
      "orderBy": "-createdAt",
      "isPublic": "false",
      "type": "assembler"
    },
    "status": 200,
    "reply": {
      "engines": [],
      "pagination": {
        "total": 0,
        "offset": 0,
        "hasPrevious": false,
        "hasNext": false
      }
    }
  },
  "Developer_PushEngine": {
    "body": {
      "engineData": "UEFDS0FHRQ=="
    },
    "status": 200,
    "reply": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "name": "sum-json",
      "version": "1.0",
      "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
      "userName": "ada",
      "status": "inactive",
      "hash": "q1Zt8wV0b7mXo2dYkR5uJc3nEaHfLpGsTi9QyWvKzM4=",
      "platform": "docker",
      "platformConfig": {
        "container": "c",
        "privateImage": false,
        "username": "",
        "token": "",
        "secrets": [],
        "registrySecret": "",
        "network": "default",
        "preload": [],
        "readOnlyInput": false
      },
      "deviceRequirements": {
        "minCpu": 1,
        "minMemory": 1,
        "gpu": []
      },
      "entrypoint": "main.py",
      "description": "",
      "link": "",
      "isPublic": false,
      "createdAt": "2026-02-03T09:14:20.1Z",
      "updatedAt": "2026-02-03T09:16:52.5Z",
      "type": "assembler",
      "revision": 1,
      "deletedAt": null
    }
  },
  "Developer_GetEngine": {
    "params": {
      "tag": "line-splitter@1.0"
    },
    "status": 200,
    "reply": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "name": "line-splitter",
      "version": "1.0",
      "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
      "userName": "ada",
      "status": "active",
      "hash": "q1Zt8wV0b7mXo2dYkR5uJc3nEaHfLpGsTi9QyWvKzM4=",
      "platform": "docker",
      "platformConfig": {
        "container": "python:3.12-slim",
        "privateImage": false,
        "username": "",
        "token": "",
        "secrets": [],
        "registrySecret": "",
        "network": "default",
        "preload": [],
        "readOnlyInput": false
      },
      "deviceRequirements": {
        "minCpu": 1,
        "minMemory": 0.25,
        "gpu": []
      },
      "entrypoint": "main.py",
      "description": "",
      "link": "",
      "isPublic": false,
      "createdAt": "2026-02-03T09:14:20.1Z",
      "updatedAt": "2026-02-03T09:16:52.5Z",
      "type": "partitioner",
      "revision": 1,
      "deletedAt": null
    }
  },
  "Developer_EngineStatus": {
    "params": {
      "tag": "line-splitter@1.0"
    },
    "status": 200,
    "reply": {
      "engineId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "engineTag": "line-splitter@1.0",
      "engineData": "",
      "engineLink": "",
      "engineStatus": "active"
    }
  },
  "Developer_ActivateEngine": {
    "params": {
      "tag": "line-splitter@1.0"
    },
    "status": 200,
    "reply": {
      "engineId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "engineTag": "line-splitter@1.0",
      "engineData": "",
      "engineLink": "",
      "engineStatus": "active"
    }
  },
  "Developer_DeactivateEngine": {
    "params": {
      "tag": "line-splitter@1.0"
    },
    "status": 200,
    "reply": {
      "engineId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "engineTag": "line-splitter@1.0",
      "engineData": "",
      "engineLink": "",
      "engineStatus": "inactive"
    }
  },
  "Developer_DownloadEngine": {
    "params": {
      "tag": "line-splitter@1.0"
    },
    "status": 200,
    "reply": {
      "engineId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "engineTag": "line-splitter@1.0",
      "engineData": "UEFDS0FHRQ==",
      "engineLink": "https://bytenite.example.org/f/p/6f0d2c1e-5b7a-4c3d-9e21-000000000001/1?sig=EXAMPLE",
      "engineStatus": "inactive"
    }
  },
  "Developer_ListTemplates": {
    "query": {
      "limit": "5",
      "offset": "0",
      "orderBy": "-createdAt",
      "isPublic": "false"
    },
    "status": 200,
    "reply": {
      "templates": [
        {
          "id": "word-count",
          "createdAt": "2026-02-03T09:14:20.1Z",
          "updatedAt": "2026-02-03T09:16:52.5Z",
          "isPublic": false,
          "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "userName": "admin",
          "description": "Counts words",
          "app": "word-count",
          "partitioner": "passthrough",
          "assembler": "passthrough",
          "dataSource": null,
          "dataDestination": {
            "dataSourceDescriptor": "bucket",
            "params": null
          },
          "params": {
            "partitioner": {},
            "app": {
              "minLength": 1
            },
            "assembler": {}
          },
          "config": {
            "taskTimeout": 0,
            "jobTimeout": 0,
            "isTestJob": false,
            "maxTaskRetries": 3,
            "allowEmpty": false,
            "toleratedFailures": "",
            "speculation": false,
            "retryOn": [],
            "failOn": []
          },
          "priority": "EXECUTION_PRIORITY_UNDEFINED"
        },
        {
          "id": "word-count",
          "createdAt": "2026-02-03T09:14:20.1Z",
          "updatedAt": "2026-02-03T09:16:52.5Z",
          "isPublic": false,
          "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "userName": "admin",
          "description": "",
          "app": "word-count",
          "partitioner": "passthrough",
          "assembler": "passthrough",
          "dataSource": null,
          "dataDestination": null,
          "params": {
            "partitioner": {},
            "app": {},
            "assembler": {}
          },
          "config": {
            "taskTimeout": 0,
            "jobTimeout": 0,
            "isTestJob": false,
            "maxTaskRetries": 3,
            "allowEmpty": false,
            "toleratedFailures": "",
            "speculation": false,
            "retryOn": [],
            "failOn": []
          },
          "priority": "EXECUTION_PRIORITY_UNDEFINED"
        }
      ],
      "pagination": {
        "total": 2,
        "offset": 0,
        "hasPrevious": false,
        "hasNext": false
      }
    }
  },
  "Developer_PushTemplate": {
    "body": {
      "id": "word-count",
      "description": "Pushed",
      "app": "word-count",
      "partitioner": "line-splitter",
      "assembler": "passthrough",
      "dataSource": {
        "dataSourceDescriptor": "url",
        "params": {
          "@type": "type.googleapis.com/bytenite.data_source.HttpDataSource",
          "url": "https://data.example.org/july.zip",
          "name": ""
        }
      },
      "dataDestination": {
        "dataSourceDescriptor": "bucket"
      },
      "params": {
        "app": {
          "minLength": 1
        }
      },
      "config": {
        "taskTimeout": 600,
        "jobTimeout": 7200,
        "isTestJob": true,
        "maxTaskRetries": 2,
        "allowEmpty": false
      }
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Developer_GetTemplate": {
    "params": {
      "id": "word-count"
    },
    "status": 200,
    "reply": {
      "id": "word-count",
      "createdAt": "2026-02-03T09:14:20.1Z",
      "updatedAt": "2026-02-03T09:16:52.5Z",
      "isPublic": false,
      "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "userName": "ada",
      "description": "",
      "app": "word-count",
      "partitioner": "passthrough",
      "assembler": "passthrough",
      "dataSource": null,
      "dataDestination": null,
      "params": {
        "partitioner": {},
        "app": {},
        "assembler": {}
      },
      "config": {
        "taskTimeout": 0,
        "jobTimeout": 0,
        "isTestJob": false,
        "maxTaskRetries": 3,
        "allowEmpty": false,
        "toleratedFailures": "",
        "speculation": false,
        "retryOn": [],
        "failOn": []
      },
      "priority": "EXECUTION_PRIORITY_UNDEFINED"
    }
  },
  "Developer_Info": {
    "status": 200,
    "reply": {
      "version": {
        "major": 0,
        "minor": 1,
        "tag": "0.1.0"
      },
      "messages": []
    }
  },
  "Developer_DeleteApp": {
    "params": {
      "tag": "word-count@1.0"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Developer_DeleteEngine": {
    "params": {
      "tag": "word-count@1.0"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Developer_DeleteTemplate": {
    "params": {
      "id": "word-count"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Developer_PublishApp": {
    "params": {
      "tag": "word-count@1.0"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Developer_UnpublishApp": {
    "params": {
      "tag": "word-count@1.0"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Developer_ImportApp": {
    "params": {
      "tag": "shared-count"
    },
    "body": {
      "owner": "grace"
    },
    "status": 200,
    "reply": {
      "app": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "name": "shared-count",
        "version": "1.0",
        "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
        "userName": "ada",
        "status": "active",
        "hash": "q1Zt8wV0b7mXo2dYkR5uJc3nEaHfLpGsTi9QyWvKzM4=",
        "platform": "docker",
        "platformConfig": {
          "container": "python:3.12-slim",
          "privateImage": false,
          "username": "",
          "token": "",
          "secrets": [],
          "registrySecret": "",
          "network": "default",
          "preload": [],
          "readOnlyInput": false
        },
        "deviceRequirements": {
          "minCpu": 1,
          "minMemory": 0.25,
          "gpu": []
        },
        "entrypoint": "main.py",
        "description": "",
        "link": "",
        "isPublic": false,
        "createdAt": "2026-02-03T09:14:20.1Z",
        "updatedAt": "2026-02-03T09:16:52.5Z",
        "revision": "1"
      }
    }
  },
  "Developer_PublishEngine": {
    "params": {
      "tag": "line-splitter@1.0"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Developer_UnpublishEngine": {
    "params": {
      "tag": "line-splitter@1.0"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Developer_ImportEngine": {
    "params": {
      "tag": "shared-count-engine"
    },
    "body": {
      "owner": "grace"
    },
    "status": 200,
    "reply": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "name": "shared-count-engine",
      "version": "1.0",
      "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
      "userName": "ada",
      "status": "active",
      "hash": "q1Zt8wV0b7mXo2dYkR5uJc3nEaHfLpGsTi9QyWvKzM4=",
      "platform": "docker",
      "platformConfig": {
        "container": "python:3.12-slim",
        "privateImage": false,
        "username": "",
        "token": "",
        "secrets": [],
        "registrySecret": "",
        "network": "default",
        "preload": [],
        "readOnlyInput": false
      },
      "deviceRequirements": {
        "minCpu": 1,
        "minMemory": 0.25,
        "gpu": []
      },
      "entrypoint": "main.py",
      "description": "",
      "link": "",
      "isPublic": false,
      "createdAt": "2026-02-03T09:14:20.1Z",
      "updatedAt": "2026-02-03T09:16:52.5Z",
      "type": "assembler",
      "revision": 1,
      "deletedAt": null
    }
  },
  "Developer_PublishTemplate": {
    "params": {
      "id": "word-count"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Developer_UnpublishTemplate": {
    "params": {
      "id": "word-count"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Developer_ImportTemplate": {
    "params": {
      "id": "shared-count"
    },
    "body": {
      "owner": "grace"
    },
    "status": 200,
    "reply": {
      "id": "shared-count",
      "createdAt": "2026-02-03T09:14:20.1Z",
      "updatedAt": "2026-02-03T09:16:52.5Z",
      "isPublic": false,
      "owner": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "userName": "ada",
      "description": "",
      "app": "shared-count",
      "partitioner": "passthrough",
      "assembler": "passthrough",
      "dataSource": null,
      "dataDestination": null,
      "params": {
        "partitioner": {},
        "app": {},
        "assembler": {}
      },
      "config": {
        "taskTimeout": 0,
        "jobTimeout": 0,
        "isTestJob": false,
        "maxTaskRetries": 3,
        "allowEmpty": false,
        "toleratedFailures": "",
        "speculation": false,
        "retryOn": [],
        "failOn": []
      },
      "priority": "EXECUTION_PRIORITY_UNDEFINED"
    }
  },
  "Developer_ListCache": {
    "query": {
      "path": "models",
      "scope": "user"
    },
    "status": 200,
    "reply": {
      "name": "models",
      "path": "models/",
      "directories": [
        {
          "name": "words",
          "path": "models/words/",
          "directories": [],
          "files": []
        }
      ],
      "files": [
        {
          "id": "models/tiny.bin",
          "name": "tiny.bin",
          "path": "models/tiny.bin",
          "size": "7"
        }
      ]
    }
  },
  "Developer_CacheUploadUrl": {
    "query": {
      "path": "models/small.bin",
      "scope": "user"
    },
    "status": 200,
    "reply": {
      "url": "https://bytenite.example.org/u/cache/6f0d2c1e-5b7a-4c3d-9e21-000000000001/models/small.bin?sig=EXAMPLE",
      "expiresAt": "2026-08-02T09:00:00Z"
    }
  },
  "Developer_DeleteCache": {
    "query": {
      "path": "old",
      "scope": "user"
    },
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Wallet_Info": {
    "status": 200,
    "reply": {
      "version": {
        "major": 0,
        "minor": 1,
        "tag": "0.1.0"
      },
      "messages": []
    }
  },
  "Wallet_GetAccount": {
    "status": 200,
    "reply": {
      "account": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "updatedAt": null,
        "ownerId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "accountType": "user",
        "verified": false,
        "serviceAccount": false,
        "payments": false,
        "payouts": false,
        "name": "Ada L",
        "email": "",
        "tier": "",
        "revenueShare": 0,
        "gracePeriodEndAt": null,
        "numberOfAppsAllowed": 0,
        "externalId": ""
      }
    }
  },
  "Wallet_GetBalance": {
    "status": 200,
    "reply": {
      "accountId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "totalBalance": 499.695,
      "availableBalance": 499.695,
      "amountDue": 0
    }
  },
  "Wallet_ListTransactions": {
    "query": {
      "limit": "5",
      "offset": "0",
      "orderBy": "-createdAt"
    },
    "status": 200,
    "reply": {
      "pagination": {
        "total": 1,
        "offset": 0,
        "hasPrevious": false,
        "hasNext": false
      },
      "data": [
        {
          "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "createdAt": "2026-02-03T09:14:20.1Z",
          "accountFrom": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "accountTo": "platform",
          "amount": 0.305,
          "transactionType": "payment",
          "relatedEntity": {
            "type": "job",
            "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
            "name": "July count"
          },
          "notes": "",
          "transactionData": "",
          "hash": "b2f7a90c5d1e48f3a6b79c02d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d",
          "relatedEntityData": {
            "type": "payment",
            "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
            "name": "July count",
            "jobName": "July count",
            "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
            "description": "",
            "currency": "",
            "currencyAmount": 0,
            "exchangeRate": 0,
            "couponCode": "",
            "jobTemplate": "word-count"
          },
          "description": "Job with word-count",
          "balance": 499.695
        }
      ]
    }
  },
  "Wallet_FilterTransactions": {
    "body": {
      "pagination": {
        "limit": 5,
        "offset": 0
      },
      "orderBy": "-createdAt",
      "filters": [
        {
          "field": "transactionType",
          "condition": "FILTER_CONDITION_IN",
          "value": [
            "payment",
            "topup"
          ]
        },
        {
          "field": "amount",
          "condition": "FILTER_CONDITION_GT",
          "value": 0
        }
      ]
    },
    "status": 200,
    "reply": {
      "pagination": {
        "total": 1,
        "offset": 0,
        "hasPrevious": false,
        "hasNext": false
      },
      "data": [
        {
          "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "createdAt": "2026-02-03T09:14:20.1Z",
          "accountFrom": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "accountTo": "platform",
          "amount": 0.305,
          "transactionType": "payment",
          "relatedEntity": {
            "type": "job",
            "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
            "name": "July count"
          },
          "notes": "",
          "transactionData": "",
          "hash": "b2f7a90c5d1e48f3a6b79c02d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d",
          "relatedEntityData": {
            "type": "payment",
            "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
            "name": "July count",
            "jobName": "July count",
            "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
            "description": "",
            "currency": "",
            "currencyAmount": 0,
            "exchangeRate": 0,
            "couponCode": "",
            "jobTemplate": "word-count"
          },
          "description": "Job with word-count",
          "balance": 499.695
        }
      ]
    }
  },
  "Wallet_TransactionsCsv": {
    "status": 200,
    "reply": {
      "csv": "id,createdAt,type,description,amount,currency,currencyAmount,balance\r\na95d3e71-0c4d-4f3e-8a51-3d0f5f0b7a11,2026-02-03T09:14:20.1Z,payment,Job with word-count,0.305,,0,499.695\r\n"
    }
  },
  "Wallet_ExchangeRate": {
    "query": {
      "currency": "USD",
      "amount": "200"
    },
    "status": 200,
    "reply": {
      "currency": "USD",
      "exchangeRate": 0.0331,
      "amount": 200,
      "currencyAmount": 6.62
    }
  },
  "Wallet_RedeemCoupon": {
    "body": {
      "couponCode": "EXAMPLE-COUPON"
    },
    "status": 200,
    "reply": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "code": "EXAMPLE-COUPON",
      "amount": "12.5"
    }
  },
  "Wallet_PayoutHistory": {
    "query": {
      "limit": "5",
      "offset": "0"
    },
    "status": 200,
    "reply": {
      "accountId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "payoutRequests": []
    }
  },
  "Wallet_ListCoupons": {
    "query": {
      "limit": "5",
      "offset": "0",
      "orderBy": "-createdAt"
    },
    "status": 200,
    "reply": {
      "coupons": [],
      "pagination": {
        "total": 0,
        "offset": 0,
        "hasPrevious": false,
        "hasNext": false
      }
    }
  },
  "Wallet_CreateCoupon": {
    "body": {
      "amount": 12.5,
      "maxUses": 3,
      "expiresAt": "2026-08-02T09:00:00Z",
      "notes": "For the start",
      "code": ""
    },
    "status": 200,
    "reply": {
      "coupon": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "code": "EXAMPLE-COUPON",
        "amount": 12.5,
        "maxUses": 3,
        "uses": 0,
        "notes": "For the start",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "expiresAt": "2026-08-02T09:00:00Z",
        "revoked": false
      }
    }
  },
  "Wallet_RevokeCoupon": {
    "params": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {},
    "status": 200,
    "reply": {
      "ok": true,
      "requestId": "req-7d20",
      "message": "",
      "error": null
    }
  },
  "Wallet_CreditAccount": {
    "params": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "body": {
      "amount": 200,
      "notes": "A start"
    },
    "status": 200,
    "reply": {
      "transaction": {
        "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
        "createdAt": "2026-02-03T09:14:20.1Z",
        "accountFrom": "platform",
        "accountTo": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
        "amount": 200,
        "transactionType": "topup",
        "relatedEntity": {
          "type": "",
          "id": "",
          "name": ""
        },
        "notes": "A start",
        "transactionData": "",
        "hash": "b2f7a90c5d1e48f3a6b79c02d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d",
        "relatedEntityData": {
          "type": "topup",
          "id": "",
          "name": "",
          "jobName": "",
          "jobId": "",
          "description": "",
          "currency": "",
          "currencyAmount": 0,
          "exchangeRate": 0,
          "couponCode": "",
          "jobTemplate": ""
        },
        "description": "Credit by an administrator",
        "balance": 499.695
      }
    }
  },
  "Wallet_GetAccountBalance": {
    "params": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "status": 200,
    "reply": {
      "accountId": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
      "totalBalance": 499.695,
      "availableBalance": 499.695,
      "amountDue": 0
    }
  },
  "Wallet_ListAccountTransactions": {
    "params": {
      "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000001"
    },
    "query": {
      "limit": "5",
      "offset": "0",
      "orderBy": "-createdAt"
    },
    "status": 200,
    "reply": {
      "pagination": {
        "total": 1,
        "offset": 0,
        "hasPrevious": false,
        "hasNext": false
      },
      "data": [
        {
          "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000002",
          "createdAt": "2026-02-03T09:14:20.1Z",
          "accountFrom": "6f0d2c1e-5b7a-4c3d-9e21-000000000001",
          "accountTo": "platform",
          "amount": 0.305,
          "transactionType": "payment",
          "relatedEntity": {
            "type": "job",
            "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
            "name": "July count"
          },
          "notes": "",
          "transactionData": "",
          "hash": "b2f7a90c5d1e48f3a6b79c02d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d",
          "relatedEntityData": {
            "type": "payment",
            "id": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
            "name": "July count",
            "jobName": "July count",
            "jobId": "6f0d2c1e-5b7a-4c3d-9e21-000000000003",
            "description": "",
            "currency": "",
            "currencyAmount": 0,
            "exchangeRate": 0,
            "couponCode": "",
            "jobTemplate": "word-count"
          },
          "description": "Job with word-count",
          "balance": 499.695
        }
      ]
    }
  },
  "Wallet_CheckLedger": {
    "status": 200,
    "reply": {
      "ok": true,
      "transactions": 3,
      "head": "b2f7a90c5d1e48f3a6b79c02d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d",
      "problems": []
    }
  }
};
