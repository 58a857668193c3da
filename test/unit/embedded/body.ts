/** The parts of answers that the tests look into. What an answer lacks is undefined, whatever its type says here. */

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly object[];
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly managedFields?: readonly {
    readonly operation: string;
    readonly manager: string;
    readonly fieldsV1: object;
  }[];
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface PodSpec {
  readonly nodeName?: string;
  readonly hostname?: string;
  readonly subdomain?: string;
  readonly containers: readonly { readonly name: string; readonly image: string }[];
  readonly tolerations?: readonly object[];
  readonly affinity: {
    readonly nodeAffinity: {
      readonly requiredDuringSchedulingIgnoredDuringExecution: {
        readonly nodeSelectorTerms: readonly [
          { readonly matchFields: readonly [{ readonly values: readonly [string] }] },
        ];
      };
    };
  };
}

export interface Spec extends PodSpec {
  readonly replicas: number;
  readonly template: { readonly metadata: Meta; readonly spec: PodSpec };
  readonly taints?: readonly object[];
  readonly names: { readonly kind: string };
}

export interface Status {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly updatedReplicas?: number;
  readonly currentReplicas?: number;
  readonly availableReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
  readonly desiredNumberScheduled: number;
  readonly updatedNumberScheduled?: number;
  readonly numberAvailable?: number;
  readonly numberUnavailable?: number;
  readonly numberReady?: number;
  readonly conditions?: readonly Condition[];
  readonly phase?: string;
  readonly containerStatuses?: Items<ContainerStatus>;
  readonly initContainerStatuses?: Items<ContainerStatus>;
  readonly podIP?: string;
  readonly allowed?: boolean;
  readonly reason?: string;
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly state: { readonly waiting?: { readonly reason: string } };
}

/** A list whose first items are there when the test says so. */
export type Items<T> = readonly T[] & { readonly 0: T; readonly 1: T };

/** An object to send. */
export type Fields = Record<string, unknown>;

export interface Body {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: Meta;
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: Spec;
  readonly status: Status;
  readonly items: Items<Body>;
  readonly message: string;
  readonly reason: string;
  readonly details: { readonly causes: readonly { readonly field?: string }[] };
  /** Of a watch event. */
  readonly type: string;
  readonly object: Body;
  /** Of discovery. */
  readonly groups: readonly { readonly name: string }[];
  readonly resources: readonly { readonly name: string }[];
}
