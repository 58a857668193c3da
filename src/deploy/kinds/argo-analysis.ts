import { listWords } from '../../base/text.ts';
import type { AnalysisRunStatus, AnalysisTemplates, ArgoRollout } from '../../cluster/argo-rollout.ts';

/** How the controller words an abort by an analysis (argo-rollouts: rollout/analysis.go). */
const ABORTED =
  /^RolloutAborted: .*?: (Background|Step-based|Blue\/green pre-promotion|Blue\/green post-promotion) analysis phase error\/failed(?:: (.*))?$/s;

type Sort = 'Background' | 'Step-based' | 'Blue/green pre-promotion' | 'Blue/green post-promotion';

/** What a sort of analysis is called, where the strategy has it, and where the status of its run is as long as there is one. */
const SORTS: Readonly<
  Record<
    Sort,
    {
      readonly words: string;
      readonly of: (rollout: ArgoRollout) => readonly (AnalysisTemplates | undefined)[];
      readonly run: (rollout: ArgoRollout) => AnalysisRunStatus | undefined;
    }
  >
> = {
  Background: {
    words: 'background analysis',
    of: ({ spec }) => [spec?.strategy?.canary?.analysis],
    run: ({ status }) => status?.canary?.currentBackgroundAnalysisRunStatus,
  },
  'Step-based': {
    words: 'analysis of a canary step',
    of: ({ spec }) => (spec?.strategy?.canary?.steps ?? []).map(({ analysis }) => analysis),
    run: ({ status }) => status?.canary?.currentStepAnalysisRunStatus,
  },
  'Blue/green pre-promotion': {
    words: 'analysis before promotion',
    of: ({ spec }) => [spec?.strategy?.blueGreen?.prePromotionAnalysis],
    run: ({ status }) => status?.blueGreen?.prePromotionAnalysisRunStatus,
  },
  'Blue/green post-promotion': {
    words: 'analysis after promotion',
    of: ({ spec }) => [spec?.strategy?.blueGreen?.postPromotionAnalysis],
    run: ({ status }) => status?.blueGreen?.postPromotionAnalysisRunStatus,
  },
};

/**
 * Returns which analysis made the controller abort a Rollout, and what it measured; `undefined` if it was not aborted by one. The
 * controller forgets the AnalysisRun of a canary when it aborts, so those are told by their templates.
 */
export function failedAnalysis(rollout: ArgoRollout): string | undefined {
  const [, name, measured = ''] = ABORTED.exec(rollout.status?.message ?? '') ?? [];
  if (name === undefined) return undefined;
  const { words, of, run } = SORTS[name as Sort];
  const templates = of(rollout).flatMap((one) => one?.templates ?? []);
  const names = [...new Set(templates.flatMap(({ templateName }) => templateName ?? []))];
  const known = run(rollout)?.name;
  const which =
    known !== undefined
      ? ` (AnalysisRun ${known})`
      : names.length === 0
        ? ''
        : ` (AnalysisTemplate ${listWords(names, 'or', 3)})`;
  return `its ${words}${which} failed${measured === '' ? '' : `: ${measured}`}`;
}

/** Returns which analysis or experiment a Rollout is paused for, as it came to no result; `undefined` if it is not. */
export function inconclusiveAnalysis({ status = {}, ...rollout }: ArgoRollout): string | undefined {
  const reasons = (status.pauseConditions ?? []).map(({ reason }) => reason);
  if (reasons.includes('InconclusiveAnalysisRun')) {
    const run = runsOf({ status, ...rollout }).find((one) => one.status === 'Inconclusive');
    if (run === undefined) return 'an analysis was inconclusive';
    return `AnalysisRun ${run.name} was inconclusive${run.message ? `: ${run.message}` : ''}`;
  }
  if (!reasons.includes('InconclusiveExperiment')) return undefined;
  const { currentExperiment } = status.canary ?? {};
  return `${currentExperiment ? `Experiment ${currentExperiment}` : 'an experiment'} was inconclusive`;
}

/** Returns the AnalysisRun that a Rollout goes on after; `undefined` for none. One in the background holds nothing up. */
export function awaitedAnalysis(rollout: ArgoRollout): string | undefined {
  const awaited = runsOf(rollout).filter((run) => run !== SORTS.Background.run(rollout));
  const run = awaited.find(({ status }) => status === 'Running' || status === 'Pending');
  return run && `AnalysisRun ${run.name} is running`;
}

function runsOf(rollout: ArgoRollout): AnalysisRunStatus[] {
  return Object.values(SORTS).flatMap(({ run }) => run(rollout) ?? []);
}
